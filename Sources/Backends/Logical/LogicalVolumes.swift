import BlockVolumes
import StorageConf
import StorageCore
import StorageModel
import StorageOS
import VolumeGroups

/// Listing.
extension LogicalBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    let group = try report.group()
    var listing = VolumeListing()
    for volume in group.volumes.values where isListed(volume) {
      guard let name = VolumeName(found: volume.name) else { continue }
      listing.volumes.append(describe(volume, name, in: group))
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try report.group().volumes.values.filter(isListed).compactMap { VolumeName(found: $0.name) }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    let group = try report.group(showing: name)
    guard let volume = group.volumes[name.text], isListed(volume) else { return nil }
    return describe(volume, name, in: group)
  }

  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    guard let found = try report.group(showing: volume.name).volumes[volume.name.text] else {
      return []
    }
    return try holders(of: found, countingReaders: committed == .anyone)
  }

  /// Everything that can be used as a disk: not what LVM made for itself, and no thin pools.
  private func isListed(_ volume: LogicalVolume) -> Bool {
    !volume.isInternal && !volume.isThinPool && !["cache-pool", "vdo-pool"].contains(volume.type)
  }

  private func describe(_ volume: LogicalVolume, _ name: VolumeName, in group: VolumeGroup)
    -> Volume
  {
    var record: VolumeRecord?
    var problem: String?
    do throws(StorageError) { record = try RecordTag.record(in: volume.tags) } catch {
      problem = error.text
    }
    var definition = VolumeDefinition(name: name, lifecycle: record?.lifecycle ?? .init())
    if volume.isReadOnly { definition.lifecycle.isWritable = false }
    definition.kind = .block
    definition.key = volume.uuid
    definition.target.path = node(volume.name)
    definition.extents = group.extents(of: volume)
    let origin = volume.origin.flatMap { group.volumes[$0] }
    // The size of an old snapshot is what it can hold of its origin's changes.
    let capacity = volume.isOldSnapshot ? origin?.size ?? volume.size : volume.size
    (definition.capacity, definition.physical) = (capacity, capacity)
    definition.allocation = volume.isOldSnapshot ? volume.size : volume.used
    if let origin, !origin.isInternal {
      definition.backingStore = BackingStore(path: node(origin.name).text, format: .raw)
    }
    if volume.isActive {
      do throws(StorageError) { try fill(&definition, from: node(volume.name)) } catch {
        problem = problem ?? error.text
      }
    }
    if volume.isPartial { problem = problem ?? "a device that it lies on is missing" }
    var described = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: true, hasWorkingCopy: false,
      problem: problem ?? record?.unfinished?.problem)
    described.isOwnDevice = true
    described.hasRecordedFormat = true
    return described
  }
}

extension GroupBackend {
  /// Permissions and times of an active volume's node.
  func fill(_ definition: inout VolumeDefinition, from node: Path) throws(StorageError) {
    let status = try FileStatus(following: node)
    definition.target.permissions = Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group)
    definition.target.timestamps = status.timestamps
  }
}

extension VolumeGroup {
  /// As libvirt counts them: in bytes of the physical volume's extents, without what is before the first.
  func extents(of volume: LogicalVolume) -> [VolumeDefinition.Extent] {
    ranges(of: volume).map { range in
      VolumeDefinition.Extent(
        device: Path(range.device), start: ByteCount(range.first * extent.bytes),
        end: ByteCount((range.last + 1) * extent.bytes))
    }
  }
}
