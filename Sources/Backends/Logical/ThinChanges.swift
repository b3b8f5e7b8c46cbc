import BlockVolumes
import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Making, resizing and removing volumes of a thin pool.
extension ThinBackend: CloningBackend {
  /// Room for the longest ending, `-1234567890-back`, with its dashes doubled.
  private static let roomForEndings = 18

  package func plan(_ request: VolumeDefinition, _ options: CreationOptions)
    throws(StorageError) -> VolumeDefinition
  {
    var volume = request
    let subject = "volume '\(volume.name)'"
    try check(volume.name, room: ThinBackend.roomForEndings)
    guard ThinRole.of(volume.name.text)?.0 == .current else {
      throw StorageError(.badInput, "", NameProblem.reserved(volume.name.text).text)
    }
    guard volume.target.format?.isRaw != false, volume.target.encryption == nil else {
      throw StorageError(.unsupported, subject, "volumes of a thin pool are raw, not encrypted")
    }
    guard volume.backingStore == nil else {
      throw StorageError(
        .unsupported, subject, "cannot be an overlay; give it a source to start from instead")
    }
    guard !options.preallocatesMetadata else {
      throw StorageError(.badInput, subject, "metadata preallocation only available with qcow2")
    }
    guard volume.capacity != 0 else {
      throw StorageError(.badInput, subject, "capacity must be above 0")
    }
    volume.kind = .block
    volume.target.format = nil
    if let capacity = volume.capacity {
      volume.capacity = capacity.roundedUp(to: try report.knownGroup().extent)
    }
    return volume
  }

  package func create(_ volume: VolumeDefinition, _ options: CreationOptions, _ steps: Steps)
    throws(StorageError)
  {
    try checkRoom(steps)
    let saves = volume.lifecycle.resolved(with: pool.lifecycle).kind.savesState
    try writeRecord(of: volume, saves: saves, steps)
    guard saves else { return }
    let name = volume.name
    try steps.run(
      "make thin volume '\(full(name.text))' of \((volume.capacity ?? 0).bytes) bytes",
      undo: { () throws(StorageError) in try remove([name.text], of: name) }
    ) { () throws(StorageError) in
      try makeEmpty(name.text, volume.capacity ?? 0, number: 1, of: name)
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

  /// A snapshot where the content is in this thin pool; else a copy, made under another name until it is whole.
  package func create(
    _ volume: VolumeDefinition, from source: VolumeContent, _ options: CreationOptions,
    _ steps: Steps
  ) throws(StorageError) {
    try checkRoom(steps)
    let name = volume.name
    guard volume.lifecycle.resolved(with: pool.lifecycle).kind.savesState else {
      throw StorageError(
        .badInput, "volume '\(name)'",
        "keeps nothing (save_on_stop is no) and can have no content")
    }
    let capacity = volume.capacity ?? source.volume.capacity
    let new = "\(name)-import"
    let undo = { () throws(StorageError) in try remove([new], of: name) }
    try writeRecord(of: volume, saves: true, steps)
    if let origin = try state(behind: source.descriptor) {
      try steps.run("make thin snapshot '\(full(new))' of '\(full(origin.name))'", undo: undo) {
        () throws(StorageError) in
        try snapshot(origin, as: new, number: 1, of: name)
        if capacity > origin.size { try resize(new, to: capacity, of: name) }
      }
    } else {
      guard !options.requiresReflink else {
        throw StorageError(
          .unsupported, "volume '\(name)'",
          "can share blocks with volumes of the same thin pool only")
      }
      try steps.run(
        "make thin volume '\(full(new))' with the content of '\(source.descriptor.path)'",
        undo: undo
      ) { () throws(StorageError) in
        try makeEmpty(new, capacity, number: 1, of: name)
        try copy(source, to: new)
      }
    }
    try steps.run(
      "call it '\(full(name.text))'",
      undo: { () throws(StorageError) in try rename(name.text, to: new, of: name) }
    ) { () throws(StorageError) in try rename(new, to: name.text, of: name) }
  }

  /// The logical volume of this thin pool that an open device is.
  private func state(behind descriptor: Descriptor) throws(StorageError) -> LogicalVolume? {
    guard let name = descriptor.path.relative(to: Path("/dev/\(groupName)")),
      let found = try report.knownGroup().volumes[name], found.thinPool == thin
    else { return nil }
    return found
  }

  private func copy(_ source: VolumeContent, to name: String) throws(StorageError) {
    let device = try Descriptor(claiming: node(name), readsAsZeroes: true)
    if source.format.isRaw {
      try Transfer(from: source.descriptor, to: device).run()
    } else {
      let input =
        source.volume.definition.backingStore == nil
        ? "/proc/self/fd/\(source.descriptor.number)" : source.descriptor.path.text
      try Program.qemuImg.run(
        QemuImage(format: .raw, capacity: nil).conversion(
          from: input, source.format, to: "/proc/self/fd/\(device.number)", isThere: true),
        on: source.volume.subject, keeping: [source.descriptor, device])
    }
    try device.sync()
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
    guard capacity > 0 else {
      throw StorageError(.badInput, volume.subject, "capacity must be above 0")
    }
    let family = try family(volume.name)
    let kind = volume.properties.kind
    guard let found = working ? family.working(kind) ?? family.current : family.committed,
      working || kind.savesState
    else {
      return try steps.run("record the size of volume '\(volume.name)'") {
        () throws(StorageError) in
        var record = family.record ?? VolumeRecord()
        record.size = capacity.roundedUp(to: try report.knownGroup().extent)
        try setRecord(record, of: volume.name)
      }
    }
    guard try capacity.roundedUp(to: report.knownGroup().extent) != found.size else { return }
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
    try steps.run("give back the blocks of '\(full(committed.name))'") {
      () throws(StorageError) in
      try activate(committed, of: volume.name)
      let device = try Descriptor(claiming: node(committed.name))
      // What is discarded of a thin volume reads as zeroes.
      try device.discardDevice(from: 0, to: device.geometry().size)
      try device.sync()
    }
    try dropRevisions(of: volume, steps)
  }
}
