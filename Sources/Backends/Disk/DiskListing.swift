import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Which volumes there are.
extension DiskBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    let layout = try layout()
    let names = try names()
    let listing = VolumeListing(
      volumes: layout.partitions.compactMap { partition in
        VolumeName(found: names.name(partition.number)).map { describe($0, partition, in: layout) }
      })
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    let names = try names()
    return try layout().partitions.compactMap { VolumeName(found: names.name($0.number)) }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard let (partition, layout) = try partition(of: name) else { return nil }
    return describe(name, partition, in: layout)
  }

  /// The partition that a volume is, and all that is on its disk; nil where there is none.
  func partition(of name: VolumeName) throws(StorageError) -> (Partition, DiskLayout)? {
    guard let number = try names().number(in: name.text) else { return nil }
    let layout = try layout()
    return layout.partitions.first { $0.number == number }.map { ($0, layout) }
  }

  /// A partition as a volume: the table tells where it is, its device the rest.
  ///
  /// One that the kernel does not know has no device; it is listed with its problem.
  private func describe(_ name: VolumeName, _ partition: Partition, in layout: DiskLayout)
    -> Volume
  {
    var volume = describe(name) ?? unknown(name, sector: layout.sector)
    if partition.isContainer || volume.definition.target.encryption == nil {
      volume.definition.capacity = partition.size
    }
    volume.definition.allocation = partition.size
    volume.definition.physical = partition.size
    volume.definition.target.format = PartitionTypes.format(of: partition, on: layout.label)
    // Only shown; without the disk there would be no layout either.
    if let disk = try? diskPath() {
      volume.definition.extents = [
        .init(device: disk, start: partition.start, end: partition.end)
      ]
    }
    return volume
  }

  private func unknown(_ name: VolumeName, sector: ByteCount) -> Volume {
    let path = path(of: name)
    var definition = VolumeDefinition(name: name)
    definition.kind = .block
    definition.key = path.text
    definition.target.path = path
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false,
      problem:
        "the kernel does not know the partition; start the pool anew, or run "
        + NextCommand.line(["pool-check", pool.name.text, "--repair"]))
    volume.isOwnDevice = true
    volume.hasRecordedFormat = true
    volume.sectorSize = sector
    return volume
  }

  // MARK: Paths

  /// The partition's node, or a link to it in the pool's target, such as one of /dev/disk/by-path.
  package func path(of name: VolumeName) -> Path {
    guard let target = pool.target.path, target.relative(to: host.dev) != nil else {
      return host.dev.appending(name.text)
    }
    // Where the links cannot be read, the device's own name is as good.
    let paths = try? StablePaths(target: target, host: host)
    return paths?.path(of: name.text) ?? host.dev.appending(name.text)
  }

  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    let names = try names()
    for candidate in [path, try Process.realPath(path)].compactMap({ $0 })
    where candidate.parent.text == "/dev" && names.number(in: candidate.lastComponent) != nil {
      return VolumeName(found: candidate.lastComponent)
    }
    return nil
  }

  // MARK: Records

  /// A partition table has no room for notes: they are in the state folder, under what tells the partition from all
  /// others rather than under its name, which another one can get.
  var records: StateRecords { StateRecords(host: host, pool: pool.name) }

  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    guard let (partition, layout) = try partition(of: name),
      let key = recordKey(layout.identity(of: partition))
    else { return nil }
    return try records.record(of: key)
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    guard let (partition, layout) = try partition(of: name) else {
      throw StorageError(.notFound, "volume '\(name)'", "has no partition")
    }
    try setRecord(record, identity: layout.identity(of: partition))
  }

  func setRecord(_ record: VolumeRecord?, identity: String) throws(StorageError) {
    guard let key = recordKey(identity) else { return }
    try records.set(record, of: key, identity: nil)
  }

  func recordKey(_ identity: String) -> VolumeName? { VolumeName(found: identity) }
}
