import StorageModel
import Testing

@Suite("Life-cycle properties of volumes")
struct LifecycleSettingsTests {
  /// Settings from a few words: `rw=no`, `snap`, `save=no`, `keep=2`, `source=base`, `ephemeral`.
  static func settings(_ words: String) throws -> LifecycleSettings {
    var settings = LifecycleSettings()
    for word in words.split(separator: " ") {
      let parts = word.split(separator: "=").map(String.init)
      let isOn = parts.count < 2 || parts[1] != "no"
      switch parts[0] {
      case "rw": settings.isWritable = isOn
      case "snap": settings.snapOnStart = isOn
      case "save": settings.saveOnStop = isOn
      case "keep": settings.revisionsToKeep = RevisionsToKeep(parts[1])
      case "source": settings.source = try VolumeName(parts[1])
      case "ephemeral": settings.ephemeral = isOn
      default: Issue.record("unknown word \(word)")
      }
    }
    return settings
  }

  static let plain = PoolLifecycle()
  static let qubes = PoolLifecycle(driver: .fileReflink)

  @Test("a volume of a plain pool that says nothing is its own device")
  func plainDefault() throws {
    let properties = LifecycleSettings().resolved(with: Self.plain)
    let expected = LifecycleProperties(
      isWritable: true, snapOnStart: false, saveOnStop: true, revisionsToKeep: .disabled,
      source: nil, ephemeral: false)
    #expect(properties == expected)
    #expect(properties.kind == .inPlace)
    #expect(LifecycleSettings().isEmpty)
    #expect(try !Self.settings("rw").isEmpty)
  }

  @Test(
    "pools of Qubes' drivers keep one revision unless they say otherwise, or are only read",
    arguments: FileDriver.allCases)
  func driverDefaults(driver: FileDriver) {
    let keeps: RevisionsToKeep = [.plain, .kernels].contains(driver) ? .disabled : .count(1)
    let silent = PoolLifecycle(driver: driver)
    #expect(silent.effectiveRevisionsToKeep == keeps)
    #expect(LifecycleSettings().resolved(with: silent).revisionsToKeep == keeps)
    let saying = PoolLifecycle(driver: driver, revisionsToKeep: .count(3))
    #expect(LifecycleSettings().resolved(with: saying).revisionsToKeep == .count(3))
    #expect(LifecycleSettings().resolved(with: saying).kind == .origin)
  }

  @Test("what a volume says wins over its pool")
  func volumeWins() throws {
    let pool = PoolLifecycle(revisionsToKeep: .count(5))
    #expect(try Self.settings("keep=0").resolved(with: pool).revisionsToKeep == .count(0))
    #expect(try Self.settings("keep=-1").resolved(with: pool).kind == .inPlace)
    #expect(try Self.settings("keep=2").resolved(with: Self.plain).kind == .origin)
    #expect(try Self.settings("rw=no").resolved(with: pool).isWritable == false)
  }

  @Test(
    "the two flags and the number of revisions make the kind",
    arguments: [
      ("", LifecycleKind.origin), ("keep=-1", .inPlace), ("save", .origin), ("save=no", .volatile),
      ("save=no keep=-1", .volatile), ("snap source=b", .snapshot), ("snap keep=-1", .snapshot),
      ("snap save", .originSnapshot), ("snap save keep=-1", .originSnapshot),
      ("snap=no save=no", .volatile), ("snap=no", .origin), ("snap save=no", .snapshot),
    ])
  func kinds(words: String, kind: LifecycleKind) throws {
    #expect(try Self.settings(words).resolved(with: Self.qubes).kind == kind)
  }

  @Test("a volume that starts from a source does not save unless told to")
  func snapshotDoesNotSave() throws {
    #expect(try !Self.settings("snap source=b").resolved(with: Self.plain).saveOnStop)
    #expect(try Self.settings("snap save source=b").resolved(with: Self.plain).saveOnStop)
  }

  @Test("only a writable volatile volume is ephemeral, whatever the pool would like")
  func ephemeral() throws {
    let eager = PoolLifecycle(driver: .fileReflink, ephemeralVolatile: true)
    #expect(try Self.settings("save=no").resolved(with: eager).ephemeral)
    #expect(try !Self.settings("save=no ephemeral=no").resolved(with: eager).ephemeral)
    #expect(try Self.settings("save=no ephemeral").resolved(with: Self.qubes).ephemeral)
    #expect(try !Self.settings("save=no").resolved(with: Self.qubes).ephemeral)
    for other in ["", "keep=-1", "save=no rw=no", "snap source=b", "snap save source=b"] {
      #expect(try !Self.settings(other).resolved(with: eager).ephemeral, "\(other)")
    }
  }

  @Test("only kinds that save have a committed state while stopped")
  func savesState() {
    #expect(
      LifecycleKind.allCases.filter(\.savesState) == [.origin, .inPlace, .originSnapshot])
  }
}
