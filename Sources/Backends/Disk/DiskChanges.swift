import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Making, resizing and deleting partitions.
///
/// The table is read, changed and written under one lock on the disk, which other programs that change tables, and
/// udev, take as well.
extension DiskBackend {
  package var traits: VolumeTraits {
    var traits = VolumeTraits(VolumeFormat.partitions)
    traits.areDevices = true
    traits.encryptions = blockEncryptions
    return traits
  }

  /// Whole MiB, as partitions begin and end.
  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    .multiples(of: DiskLayout.alignment, header: room(beside: volume))
  }

  package func sectorSize() throws(StorageError) -> ByteCount { try layout().sector }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    var format = volume.target.format ?? .linux
    // What says nothing about the content gets the type of plain Linux data.
    if format == .raw || format == .none { format = .linux }
    if format == .extended, volume.target.encryption != nil || !volume.lifecycle.isEmpty {
      throw StorageError(
        .unsupported, "volume '\(volume.name)'",
        "an extended partition holds others, and has no content of its own")
    }
    volume.kind = .block
    volume.target.format = format
    volume.target.permissions = Permissions()
    volume.allocation = volume.capacity
    let path = path(of: volume.name)
    volume.key = path.text
    volume.target.path = path
    return volume
  }

  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    let volume = plan.volume
    var record: VolumeRecord?
    if !volume.lifecycle.isEmpty || volume.target.encryption != nil {
      record = VolumeRecord(lifecycle: volume.lifecycle)
      record?.encryption = volume.target.encryption
      // Without its header an encrypted volume is of no use.
      if volume.target.encryption != nil { record?.unfinished = .create }
    }
    try makePartition(volume, record: record, steps)
    guard volume.target.encryption != nil, let record else { return }
    try formatEncrypted(plan, record, steps)
  }

  /// Makes a partition of the size of the content, and has that written there; a partition that does not get all of it
  /// goes.
  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    var record = VolumeRecord(lifecycle: plan.volume.lifecycle)
    record.encryption = plan.volume.target.encryption
    record.unfinished = .create
    try makePartition(plan.volume, record: record, steps)
    try write(content, to: plan.name, steps)
  }

  /// Makes a partition without anything on it, whose record stands before the partition does.
  private func makePartition(_ volume: VolumeDefinition, record: VolumeRecord?, _ steps: Steps)
    throws(StorageError)
  {
    let size =
      (volume.capacity ?? DiskLayout.alignment) + headerSize(of: volume.target.encryption)
    let format = volume.target.format ?? .linux
    let (number, place) = try self.place(of: volume, size: size, in: layout())
    let disk = try diskPath()
    try steps.run(
      "add partition \(number) to '\(disk)' from byte \(place.start.bytes),"
        + " \(size.bytes) bytes, type \(format.rawValue)",
      undo: { () throws(StorageError) in try removePartition(number) }
    ) { () throws(StorageError) in
      let table = try tableForChange()
      let before = try table.layout()
      // Looked at again, now that nobody else can change it.
      let (number, place) = try self.place(of: volume, size: size, in: before)
      try table.add(
        Partition(
          number: number, start: place.start, size: size,
          type: PartitionTypes.code(of: format, on: before.label)))
      let layout = try table.layout()
      guard let made = layout.partitions.first(where: { $0.number == number }),
        made.start == place.start, made.size == size
      else {
        throw StorageError(
          .failure, table.device.path.text, "libfdisk placed the partition elsewhere")
      }
      let identity = layout.identity(of: made)
      if let record { try setRecord(record, identity: identity) }
      do throws(StorageError) {
        if format != .extended { try clearEnds(of: made, on: table.device) }
        try table.write()
      } catch {
        if record != nil { try setRecord(nil, identity: identity) }
        throw error
      }
      let view = try kernelView(of: table.device)
      do throws(StorageError) {
        try view.follow(layout, on: table.device, only: [number])
      } catch {
        // The step has not been done, so nobody else takes it back.
        try table.remove(number)
        try table.write()
        if record != nil { try setRecord(nil, identity: identity) }
        throw error
      }
    }
  }

  /// The number and the place of a new volume.
  /// - Throws: `badInput` where its name is not the one that its partition would get.
  private func place(of volume: VolumeDefinition, size: ByteCount, in layout: DiskLayout)
    throws(StorageError) -> (Int, DiskLayout.Gap)
  {
    let names = try names()
    let possible = try layout.nextNumbers(for: volume.target.format ?? .linux)
    guard let number = names.number(in: volume.name.text), possible.contains(number) else {
      let expected = possible.map { "'\(names.name($0))'" }.joined(separator: " or ")
      throw StorageError(
        .badInput, "", "invalid partition name '\(volume.name)', expected \(expected)")
    }
    return (number, try layout.place(number: number, size: size))
  }

  /// Zeroes both ends of what becomes a partition: what an older use left there would show in it as a file system.
  private func clearEnds(of partition: Partition, on disk: Descriptor) throws(StorageError) {
    let end = min(DiskLayout.alignment, partition.size)
    try disk.zeroDevice(from: partition.start, to: partition.start + end)
    try disk.zeroDevice(from: partition.end - end, to: partition.end)
  }

  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    guard let (partition, layout) = try partition(of: volume.name) else { return }
    if partition.isContainer, layout.partitions.contains(where: \.isNested) {
      throw StorageError(
        .busy, volume.subject, "holds logical partitions; delete them first")
    }
    try checkFollowers(of: partition, in: layout)
    let disk = try diskPath()
    try steps.run("remove partition \(partition.number) from '\(disk)'") {
      () throws(StorageError) in
      // The kernel removes no partition that anybody has open, so nobody can come in between.
      steps.letGo()
      try removePartition(partition.number)
    }
  }

  /// Removes a partition from the kernel, which refuses while it is in use, then from the table, then its record.
  ///
  /// Logical partitions behind it get the next lower number each, as everywhere.
  func removePartition(_ number: Int) throws(StorageError) {
    let table = try tableForChange()
    let before = try table.layout()
    guard let partition = before.partitions.first(where: { $0.number == number }) else { return }
    let view = try kernelView(of: table.device)
    try checkFollowers(of: partition, in: before)
    for known in try view.partitions() where known.number == number {
      try view.remove(known, on: table.device)
    }
    try table.remove(number)
    try table.write()
    try view.follow(table.layout(), on: table.device)
    try setRecord(nil, identity: before.identity(of: partition))
  }

  /// Refuses what would give a logical partition that is in use another number.
  private func checkFollowers(of partition: Partition, in layout: DiskLayout) throws(StorageError) {
    guard partition.isNested else { return }
    let names = try names()
    for other in layout.partitions where other.isNested && other.number > partition.number {
      let node = Path("/dev").appending(names.name(other.number))
      guard let status = try FileStatus.ifPresent(node), status.kind == .blockDevice else {
        continue
      }
      let users = try DeviceUse.holders(
        of: status.device, countingReaders: true, proc: host.proc, sys: host.sys)
      guard users.isEmpty else {
        throw StorageError(
          .busy, "volume '\(names.name(partition.number))'",
          "cannot go: '\(names.name(other.number))' would get another name and is in use by"
            + " \(users.joined(separator: ", "))")
      }
    }
  }

  /// Moves the end of a partition; where it begins stays.
  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    guard let (partition, layout) = try partition(of: volume.name) else { return }
    let size = try newSize(capacity, of: partition, volume, in: layout)
    guard size != partition.size else { return }
    let disk = try diskPath()
    try steps.run(
      "set size of partition \(partition.number) of '\(disk)' to \(size.bytes) bytes"
    ) { () throws(StorageError) in
      let table = try tableForChange()
      let before = try table.layout()
      guard let present = before.partitions.first(where: { $0 == partition }) else {
        throw StorageError(.failure, volume.subject, "was changed by somebody else meanwhile")
      }
      _ = try newSize(capacity, of: present, volume, in: before)
      let view = try kernelView(of: table.device)
      try table.resize(partition.number, to: size)
      let after = try table.layout()
      // The kernel must not show more than the table says: what is behind can be given to others.
      if size < partition.size {
        try view.follow(after, on: table.device, only: [partition.number])
      }
      try table.write()
      try view.follow(after, on: table.device, only: [partition.number])
    }
  }

  /// What a partition's size becomes.
  private func newSize(
    _ capacity: ByteCount, of partition: Partition, _ volume: Volume, in layout: DiskLayout
  ) throws(StorageError) -> ByteCount {
    // What encryption takes for its header stays.
    let size = capacity + room(beside: volume.definition)
    let room = layout.room(for: partition)
    guard size <= room else {
      throw StorageError(
        .noSpace, volume.subject, "Not enough space left in storage pool",
        reason: "the partition can have \(room.bytes) bytes where it is")
    }
    if partition.isContainer {
      let needed = layout.partitions.filter(\.isNested).map(\.end).max() ?? 0
      guard partition.start + size >= needed else {
        throw StorageError(.busy, volume.subject, "holds logical partitions that need the space")
      }
    }
    return size
  }

  /// An extended partition only holds the logical ones, which have content.
  package func checkContent(of volume: Volume, to verb: String) throws(StorageError) {
    guard volume.definition.target.format != .extended else {
      throw StorageError(.unsupported, "", "cannot \(verb) extended partition '\(volume.name)'")
    }
  }
}
