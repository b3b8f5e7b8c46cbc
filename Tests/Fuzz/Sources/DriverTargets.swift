import DriverProcess
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// What a driver process says, as lines: a whole conversation in which each of our requests is answered by what comes next.
enum DriverTargets {
  static let all = [Target(name: "driver", run: { talk($0) })]

  private static func talk(_ bytes: [UInt8]) {
    guard let name = DriverName("fuzzed"), let pool = try? PoolName("p"),
      let volume = try? VolumeName("a")
    else { return }
    var definition = PoolDefinition(type: .dir, name: pool, uuid: .derived(from: "p"))
    definition.lifecycle.process = PoolProcess(name)
    let host = HostFolders(
      configuration: Path("/nowhere"), runtime: Path("/nowhere"), data: Path("/nowhere"))
    guard
      let session = try? DriverSession(
        name, speaking: Speaker(bytes), subject: "pool 'p'", silence: 1),
      let backend = try? DriverBackend(definition, session, host: host)
    else { return }
    check(backend.description)
    var found: [Volume] = []
    try? ask { () throws(StorageError) in
      let listing = try backend.volumes()
      found = listing.volumes
      require(
        Set(found.map(\.name)).count == found.count, "two volumes of one name")
      for warning in listing.warnings { check(line: warning) }
    }
    for volume in found { check(volume, backend) }
    try? ask { () throws(StorageError) in
      let one = try backend.volume(volume)
      require(one == nil || one?.name == volume, "another volume")
      if let one { check(one, backend) }
    }
    try? ask { () throws(StorageError) in for name in try backend.volumeNames() { check(name) } }
    try? ask { () throws(StorageError) in
      let sizes = try backend.sizes()
      require(
        min(sizes.capacity, sizes.allocation, sizes.available) >= 0, "a size below nothing")
    }
    let known =
      found.first
      ?? Volume(
        definition: VolumeDefinition(name: volume, capacity: 512),
        properties: LifecycleSettings().resolved(with: definition.lifecycle), hasCommitted: true,
        hasWorkingCopy: false)
    askAbout(known, backend)
  }

  private static func askAbout(_ volume: Volume, _ backend: DriverBackend) {
    try? ask { () throws(StorageError) in
      let revisions = try backend.revisions(of: volume)
      let numbers = revisions.map(\.revision.number)
      require(numbers == numbers.sorted() && (numbers.first ?? 1) >= 1, "revisions out of order")
      require(revisions.allSatisfy { $0.allocation >= 0 }, "a size below nothing")
    }
    try? ask { () throws(StorageError) in
      check(try backend.describe(volume, at: nil), backend)
    }
    try? ask { () throws(StorageError) in _ = try backend.stateID(of: volume, at: nil) }
    try? ask { () throws(StorageError) in
      for name in try backend.dependents(of: volume.name).names { check(name) }
    }
    try? ask { () throws(StorageError) in
      for finding in try backend.findings(of: [volume], isStarted: { _ in false }) {
        require(finding.path.isAbsolute, "a finding somewhere")
        check(line: finding.path.text)
        if let name = finding.volume { check(name) }
      }
    }
    try? ask { () throws(StorageError) in
      for stranger in try backend.strangers() { check(line: stranger) }
    }
    try? ask { () throws(StorageError) in _ = try backend.hasData(volume) }
    try? ask { () throws(StorageError) in _ = try backend.impairment() }
    try? ask { () throws(StorageError) in _ = try backend.thinUsage() }
    try? ask { () throws(StorageError) in _ = try backend.unfinishedStart() }
    try? ask { () throws(StorageError) in
      let file = try backend.openCommitted(volume, revision: nil)
      require(try file.contentSize() != nil, "content that is no file")
    }
    try? ask { () throws(StorageError) in try backend.commit(volume, Steps()) }
  }

  /// Asks, and sees to it that an error is one that can be shown.
  private static func ask(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    do throws(StorageError) { try body() } catch {
      check(line: error.text)
      throw error
    }
  }

  private static func check(_ description: BackendDescription) {
    require(description.driver == "fuzzed", "another driver")
    require(
      !description.abilities.contains(.revisions)
        || description.abilities.isSuperset(of: [.createVolumes, .transferVolumes]),
      "revisions of nothing")
    for never: PoolAbility in [.overlays, .shareBlocks, .shareFolder, .findSources, .tellSource] {
      require(!description.abilities.contains(never), "an ability that no driver has")
    }
    require((description.mostRevisions ?? 0) >= 0, "fewer revisions than none")
  }

  private static func check(_ volume: Volume, _ backend: DriverBackend) {
    check(volume.name)
    let definition = volume.definition
    for size in [definition.capacity, definition.allocation, definition.physical] {
      require((size ?? 0) >= 0, "a size below nothing")
    }
    check(line: definition.target.path?.text ?? "")
    check(line: volume.problem ?? "")
    require(
      (definition.target.permissions.mode ?? 0) <= 0o777, "a mode that is none")
    require(
      volume.definition.target.path == backend.path(of: volume.name), "a path of its own choice")
  }

  private static func check(_ name: VolumeName) {
    require(
      name.components.count == 1 && name.text != ".." && name.text != "." && !name.text.isEmpty,
      "a name that leads elsewhere")
    check(line: name.text)
  }

  private static func check(line: String) {
    require(!line.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }, "more than a line")
  }
}

/// A driver whose answers are there already: a line for each time that it is listened to.
///
/// One that begins with byte 1 comes with an open file.
private final class Speaker: SpeakingPartner {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  let lastWords = ""

  func send(_ bytes: [UInt8], _ descriptors: [Descriptor], within seconds: Double)
    throws(StorageError) -> SpeakingProcess.Arrival?
  { nil }

  func receive(until end: Double, heedingInterruption heeds: Bool) throws(StorageError)
    -> SpeakingProcess.Arrival
  {
    var descriptors: [Descriptor] = []
    while rest.first == 1 {
      rest = rest.dropFirst()
      descriptors.append(try Descriptor(hole: 512))
      if descriptors.count > 16 { break }
    }
    guard !rest.isEmpty else { return .end }
    let end = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
    defer { rest = rest[end...] }
    return .bytes(Array(rest[..<end]), descriptors)
  }

  func end(within seconds: Double) -> String { "ended with status 0" }
}
