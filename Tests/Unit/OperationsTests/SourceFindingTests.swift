import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import Testing

@testable import Operations

/// A backend that finds what it is asked for.
private struct Finder: SourceFindingBackend {
  static let type = PoolType.netfs
  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {}
  func start(_ steps: Steps) {}
  func stop(_ steps: Steps) {}
  func checkReachable() {}
  func sizes() -> PoolSizes { PoolSizes() }
  func volumes() throws(StorageError) -> VolumeListing {
    throw StorageError(.unsupported, "", "no volumes")
  }
  func volume(_ name: VolumeName) -> Volume? { nil }
  func volumeName(forPath path: Path) -> VolumeName? { nil }
  func path(of name: VolumeName) -> Path { Path("/") }
  func targetPermissions() -> Permissions? { nil }

  static func findSources(_ query: PoolSource?, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    var found = PoolSource()
    found.hosts = [try queriedHost(query, of: "netfs")]
    return [found]
  }
}

@Suite("Looking for sources")
struct SourceFindingTests {
  private let host = HostFolders(
    configuration: Path("/nonexistent"), runtime: Path("/nonexistent"), data: Path("/nonexistent"))

  private func query(_ hosts: String...) -> PoolSource {
    var source = PoolSource()
    source.hosts = hosts.map { PoolSource.Host(name: $0) }
    return source
  }

  @Test("a server's sources need one host")
  func oneHost() throws {
    let found = try Finder.findSources(query("nas"), host: host)
    #expect(found.first?.hosts.first?.name == "nas")
    let none = #expect(throws: StorageError.self) { try Finder.findSources(nil, host: host) }
    #expect(none?.problem == "hostname must be specified for netfs sources")
    #expect(none?.hint == "Try: find-storage-pool-sources-as netfs HOST")
    for wrong in [query(), query("a", "b")] {
      let error = #expect(throws: StorageError.self) {
        try Finder.findSources(wrong, host: host)
      }
      #expect(error?.problem == "Expected exactly 1 host for the storage pool")
      #expect(error?.code == .badInput)
    }
  }

  @Test("only types that a server or a disk can list are searched")
  func types() {
    let found = PoolType.allCases.filter(\.hasDiscoverableSources)
    #expect(found == [.netfs, .logical, .iscsi, .iscsiDirect, .gluster])
  }
}
