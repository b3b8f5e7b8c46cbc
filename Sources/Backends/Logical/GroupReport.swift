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
  private var changed: Set<ByteString> = []
  /// Whether LVM has asked dmeventd to watch the thin pool, for a change of this command.
  private var isWatched = false
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

  /// Runs a command of LVM's that suspends and resumes a thin pool because one of its volumes changes.
  ///
  /// Each time LVM takes the thin pool from dmeventd and hands it over again, which costs more than the change. The first
  /// of a command's changes may do so, so that the thin pool is watched whoever activated it; the others leave the
  /// watch alone, and it goes on: dmeventd asks a suspended device for nothing that waits, and what it runs to let the
  /// thin pool grow waits for the group's lock.
  /// - Parameter isActive: whether the volume is active afterwards, and with it the thin pool; of one that is not LVM
  ///   changes metadata alone, and what activates the thin pool later has to have it watched.
  func changeThinPool(
    _ command: StaticString, _ arguments: [String], of volume: VolumeName, isActive: Bool
  ) throws(StorageError) {
    // lvrename has no --ignoremonitoring.
    let quiet = isWatched ? ["--config", "activation{monitoring=0}"] : []
    try change(command, quiet + arguments, of: volume)
    isWatched = isWatched || isActive
  }

  /// LVM writes its metadata around the kernel's cache, but leaves it in that of the disks, where a loss of power
  /// takes it back: seen in a log of dm-log-writes under LVM 2.03.16.
  private func sync(_ known: [Path]) throws(StorageError) {
    let devices = known.isEmpty ? try PhysicalVolume.devices(of: name) : known
    for device in devices { try Descriptor(readingDevice: device).sync() }
  }
}
