import StorageModel
import Testing

@Suite struct LifecycleTests {
  @Test(arguments: [
    (false, false, 0, LifecycleKind.volatile), (false, false, -1, .volatile),
    (true, false, 0, .snapshot), (true, true, 1, .originSnapshot), (false, true, 0, .origin),
    (false, true, 3, .origin), (false, true, -1, .inPlace),
  ])
  func namesKinds(snap: Bool, save: Bool, revisions: Int, kind: LifecycleKind) {
    let properties = LifecycleProperties(
      isWritable: true, snapOnStart: snap, saveOnStop: save,
      revisionsToKeep: revisions < 0 ? .disabled : .count(revisions), source: nil, ephemeral: false)
    #expect(properties.kind == kind)
  }

  @Test func fillsInDefaults() {
    let plain = LifecycleSettings().resolved(with: PoolLifecycle())
    #expect(plain.kind == .inPlace)
    #expect(plain.isWritable)
    let qubes = LifecycleSettings().resolved(with: PoolLifecycle(driver: .fileReflink))
    #expect(qubes.kind == .origin)
    #expect(qubes.revisionsToKeep == .count(1))
    var settings = LifecycleSettings()
    settings.snapOnStart = true
    #expect(settings.resolved(with: PoolLifecycle()).kind == .snapshot)
    settings.saveOnStop = true
    #expect(settings.resolved(with: PoolLifecycle()).kind == .originSnapshot)
  }

  @Test func encryptsOnlyVolatileVolumes() {
    let pool = PoolLifecycle(ephemeralVolatile: true)
    var settings = LifecycleSettings()
    #expect(!settings.resolved(with: pool).ephemeral)
    settings.saveOnStop = false
    #expect(settings.resolved(with: pool).ephemeral)
    settings.ephemeral = false
    #expect(!settings.resolved(with: pool).ephemeral)
    settings.ephemeral = true
    settings.isWritable = false
    #expect(!settings.resolved(with: pool).ephemeral)
  }

  @Test(arguments: [("-1", -1), ("0", 0), ("7", 7)])
  func readsRevisions(text: String, number: Int) {
    #expect(RevisionsToKeep(text)?.number == number)
  }

  @Test(arguments: ["", "-2", "x", "1.5", "1000001"])
  func refusesRevisions(text: String) {
    #expect(RevisionsToKeep(text) == nil)
  }
}
