import BackendList
import Operations
import StorageBackend
import StorageHost
import StorageModel
import Testing

/// A backend whose description says less than its protocols.
private struct Reticent: CheckingBackend {
  var description: BackendDescription
  func start(_ steps: Steps) throws(StorageError) {}
  func stop(_ steps: Steps) throws(StorageError) {}
  func checkReachable() throws(StorageError) {}
  func sizes() throws(StorageError) -> PoolSizes { PoolSizes() }
  func volumes() throws(StorageError) -> VolumeListing { VolumeListing() }
  func volume(_ name: VolumeName) throws(StorageError) -> Volume? { nil }
  func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? { nil }
  func path(of name: VolumeName) -> Path { Path(name.text) }
  func targetPermissions() -> Permissions? { nil }
  func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool) throws(StorageError)
    -> [Finding]
  { [] }
  func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {}
  func isInUse(_ finding: Finding) throws(StorageError) -> Bool { false }
}

@Suite("Abilities")
struct AbilityTests {
  @Test("the description decides, whatever the backend conforms to")
  func description() {
    var backend = Reticent(description: BackendDescription(type: .dir, abilities: [.check]))
    #expect(backend.able(to: .check) != nil)
    #expect(backend.able(to: .revisions) == nil)
    backend.description.abilities = [.revisions]
    #expect(backend.able(to: .check) == nil)
    // It is said, but nobody could be asked for it.
    #expect(backend.able(to: .revisions) == nil)
  }

  @Test("what a pool cannot do is refused in the same words, with the type or the driver")
  func refusal() {
    var backend = Reticent(description: BackendDescription(type: .dir, abilities: []))
    let plain = failure { () throws(StorageError) in
      try backend.required(.revisions, "pool 'p'")
    }
    #expect(
      plain?.text
        == "pool 'p': volumes of pools of type 'dir' change in place and keep no revisions")
    #expect(plain?.code == .unsupported)
    backend.description.driver = "folder"
    let driver = failure { () throws(StorageError) in try backend.required(.check, "pool 'p'") }
    #expect(driver?.text == "pool 'p': pools with driver 'folder' cannot be checked")
  }

  @Test("a pool that is only read refuses every change in the same words")
  func readOnly() {
    var backend = Reticent(
      description: BackendDescription(type: .dir, driver: "d", abilities: [.readVolumes]))
    let words = "p: pools with driver 'd' are read-only"
    let refusals = [
      failure { () throws(StorageError) in try backend.required(.createVolumes, "p") },
      failure { () throws(StorageError) in try backend.required(.transferVolumes, "p") },
      failure { () throws(StorageError) in try backend.required(.revisions, "p") },
    ]
    for refusal in refusals { #expect(refusal?.text == words) }
    // Checking changes nothing that was not asked for.
    let check = failure { () throws(StorageError) in try backend.required(.check, "p") }
    #expect(check?.text == "p: pools with driver 'd' cannot be checked")
    backend.description.abilities.insert(.transferVolumes)
    #expect(!backend.description.isReadOnly)
  }

  @Test("built-in backends are described by what they conform to", arguments: PoolType.allCases)
  func builtIn(type: PoolType) {
    for kind in BackendRegistry.all where kind.type == type {
      #expect(
        kind.description.abilities.contains(.revisions) == (kind is any LifecycleBackend.Type))
      #expect(
        kind.description.abilities.contains(.attach) == (kind is any AttachingBackend.Type))
    }
  }
}
