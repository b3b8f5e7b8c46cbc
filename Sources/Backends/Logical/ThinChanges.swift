import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Making, resizing and removing volumes of a thin pool.
extension ThinBackend: SharingBackend {
  /// Room for the longest ending, `-1234567890-back`, with its dashes doubled.
  private static let roomForEndings = 18

  package var traits: VolumeTraits {
    var traits = VolumeTraits([.raw])
    traits.areDevices = true
    return traits
  }

  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    .multiples(of: try report.knownGroup().extent)
  }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    try checkName(volume.name)
    volume.kind = .block
    if volume.target.format?.isRaw == true { volume.target.format = nil }
    return volume
  }

  /// Refuses what no new volume can be called.
  func checkName(_ name: VolumeName) throws(StorageError) {
    try check(name, room: ThinBackend.roomForEndings)
    guard ThinRole.of(name.text)?.0 == .current else {
      throw StorageError(.badInput, "", NameProblem.reserved(name.text).text)
    }
  }

  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    try checkRoom(steps)
    try writeRecord(of: plan.volume, saves: plan.savesState, steps)
    guard plan.savesState else { return }
    let name = plan.name
    try steps.run(
      "make thin volume '\(full(name.text))' of \(plan.capacity.bytes) bytes",
      undo: { () throws(StorageError) in try remove([name.text], of: name) }
    ) { () throws(StorageError) in
      try makeEmpty(name.text, plan.capacity, of: name)
    }
  }

  private func writeRecord(of volume: VolumeDefinition, saves: Bool, _ steps: Steps)
    throws(StorageError)
  {
    let record = VolumeRecord(
      lifecycle: volume.lifecycle,
      size: saves || volume.lifecycle.source != nil ? nil : volume.capacity)
    guard record != VolumeRecord() else { return }
    try steps.run(
      "record the properties of volume '\(volume.name)' in a tag of '\(full(thin))'",
      undo: { () throws(StorageError) in try setRecord(nil, of: volume.name) }
    ) { () throws(StorageError) in try setRecord(record, of: volume.name) }
  }

  /// Content is written under another name until it is whole.
  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    try make(plan, steps) { new, undo throws(StorageError) in
      try steps.run(
        "make thin volume '\(full(new))'; \(content.told(node(new), isZero: true))", undo: undo
      ) { () throws(StorageError) in
        try makeEmpty(new, plan.capacity, of: plan.name)
        let device = try Descriptor(claiming: node(new), readsAsZeroes: true)
        try content.write(to: device, named: path(of: plan.name), isZero: true, steps)
        try device.sync()
      }
    }
  }

  package func sharing(of source: VolumeContent, with volume: VolumeDefinition)
    throws(StorageError) -> Sharing
  {
    try state(behind: source.descriptor) == nil
      ? .impossible("can share blocks with volumes of the same thin pool only") : .always
  }

  package func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    guard let origin = try state(behind: source.descriptor) else {
      throw StorageError(.failure, source.volume.subject, "was changed by somebody else meanwhile")
    }
    try make(plan, steps) { new, undo throws(StorageError) in
      try steps.run("make thin snapshot '\(full(new))' of '\(full(origin.name))'", undo: undo) {
        () throws(StorageError) in
        try snapshot(origin, as: new, of: plan.name)
        if plan.capacity > origin.size { try resize(new, to: plan.capacity, of: plan.name) }
      }
    }
  }

  /// Records a volume, has it made under another name, and gives it its own.
  private func make(
    _ plan: CreationPlan, _ steps: Steps,
    _ body: (_ new: String, _ undo: @escaping () throws(StorageError) -> Void)
      throws(StorageError) -> Void
  ) throws(StorageError) {
    let name = plan.name
    let new = "\(name)-import"
    try writeRecord(of: plan.volume, saves: true, steps)
    try body(new) { () throws(StorageError) in try remove([new], of: name) }
    try steps.run(
      "call it '\(full(name.text))'",
      undo: { () throws(StorageError) in try rename(name.text, to: new, of: name) }
    ) { () throws(StorageError) in try rename(new, to: name.text, of: name) }
  }

  /// The logical volume of this thin pool that an open device is.
  func state(behind descriptor: Descriptor) throws(StorageError) -> LogicalVolume? {
    guard let name = descriptor.path.relative(to: Path("/dev/\(groupName)")),
      let found = try report.knownGroup().volumes[name], found.thinPool == thin
    else { return nil }
    return found
  }

  /// What belongs to the volume goes before its committed state, so that what is left names what it was.
  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    let family = try family(volume.name)
    // Without its own name the committed state is the newest revision, which has to go last as well.
    let last = family.current ?? family.backs.last?.volume
    let others = family.parts.map(\.name).filter { $0 != last?.name }
    if !others.isEmpty {
      try steps.run("remove \(others.map { "'\(full($0))'" }.joined(separator: ", "))") {
        () throws(StorageError) in try remove(others, of: volume.name)
      }
    }
    if let last {
      try steps.run("remove '\(full(last.name))'") { () throws(StorageError) in
        try remove([last.name], of: volume.name)
      }
    }
    guard family.record != nil || family.recordProblem != nil else { return }
    try steps.run("forget the properties of volume '\(volume.name)'") { () throws(StorageError) in
      try setRecord(nil, of: volume.name)
    }
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    guard !allocate else {
      throw StorageError(
        .unsupported, volume.subject, "thin volumes get blocks when they are written")
    }
    let family = try family(volume.name)
    let kind = volume.properties.kind
    guard let found = working ? family.working(kind) ?? family.current : family.committed,
      working || kind.savesState
    else {
      return try steps.run(
        "record the size of volume '\(volume.name)'",
        undo: { () throws(StorageError) in try setRecord(family.record, of: volume.name) }
      ) { () throws(StorageError) in
        var record = family.record ?? VolumeRecord()
        record.size = capacity
        try setRecord(record, of: volume.name)
      }
    }
    guard capacity != found.size else { return }
    try steps.run("resize '\(full(found.name))' to \(capacity.bytes) bytes") {
      () throws(StorageError) in try resize(found.name, to: capacity, of: volume.name)
    }
  }

  private func resize(_ name: String, to capacity: ByteCount, of volume: VolumeName)
    throws(StorageError)
  {
    try report.change(
      "lvresize", ["--yes", "--force", "--size", "\(capacity.bytes)b", full(name)], of: volume)
  }

  /// Gives the blocks of the committed state back, or overwrites it; revisions hold the same content and go.
  package func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    let family = try family(volume.name)
    guard algorithm == .zero || algorithm == .trim, let committed = family.committed else {
      throw StorageError(
        .unsupported, volume.subject,
        "'\(algorithm.rawValue)' algorithm not supported: a thin volume's blocks are written"
          + " elsewhere each time; use zero or trim")
    }
    // First, so that the volume is not taken for wiped while one is there.
    let revisions = family.revisions.map(\.volume.name)
    if !revisions.isEmpty {
      try steps.run("remove all revisions of volume '\(volume.name)'") {
        () throws(StorageError) in try removeRevisions(revisions, of: family)
      }
    }
    try steps.run("give back the blocks of '\(full(committed.name))'") {
      () throws(StorageError) in
      try activate(committed, of: volume.name)
      try changeContent(of: volume.name, as: .wipe) { device, geometry throws(StorageError) in
        // What is discarded of a thin volume reads as zeroes.
        try device.discardDevice(from: 0, to: geometry.size)
        return nil
      }
    }
  }
}
