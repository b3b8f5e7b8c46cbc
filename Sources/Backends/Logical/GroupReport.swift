import StorageModel
import StorageOS
import VolumeGroups

/// The volume group of a pool as one command sees it: one report, asked for at the first question.
///
/// After a change it is asked for again, but not before somebody looks at what was changed: changes of one volume
/// leave what is known of the others, which the command holds locked, as it is.
package final class GroupReport: @unchecked Sendable {
  // Unchecked: commands have one thread.
  let name: String
  private var known: VolumeGroup?
  private var changed: Set<String> = []
  /// The revisions that commits of this command made too old, each with its volume.
  var outdated: [(volume: VolumeName, revision: String)] = []

  init(_ name: String) { self.name = name }

  /// The group as it is now.
  func group() throws(StorageError) -> VolumeGroup {
    if let known, changed.isEmpty { return known }
    let group = try VolumeGroup(reading: name)
    known = group
    changed = []
    return group
  }

  /// The group, in which this pool's volume is as it is now.
  func group(showing volume: VolumeName) throws(StorageError) -> VolumeGroup {
    if let known, !changed.contains(volume.text) { return known }
    return try group()
  }

  /// The group, where what changed since it was first asked for does not matter.
  func knownGroup() throws(StorageError) -> VolumeGroup {
    if let known { return known }
    return try group()
  }

  /// Runs a command of LVM's that changes a volume of the pool; nil where it changes something else.
  ///
  /// What it changed is on disk afterwards.
  func change(_ command: StaticString, _ arguments: [String], of volume: VolumeName?)
    throws(StorageError)
  {
    let devices = known?.devices ?? []
    changed.insert(volume?.text ?? "")
    if volume == nil { known = nil }
    let subject = volume.map { "volume '\($0)'" } ?? "volume group '\(name)'"
    try LVM.change(command, arguments, subject: subject)
    try sync(devices)
  }

  /// LVM writes its metadata around the kernel's cache, but leaves it in that of the disks, where a loss of power
  /// takes it back: seen in a log of dm-log-writes under LVM 2.03.16.
  private func sync(_ known: [Path]) throws(StorageError) {
    let devices = known.isEmpty ? try PhysicalVolume.devices(of: name) : known
    for device in devices { try Descriptor(readingDevice: device).sync() }
  }
}
