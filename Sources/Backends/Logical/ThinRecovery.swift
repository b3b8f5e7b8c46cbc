import StorageBackend
import StorageModel
import StorageOS
import VolumeGroups

/// Makings of thin volumes that were cut between LVM and the kernel.
///
/// LVM writes the new volume, what the kernel is to do, and the number of that change into its metadata, then tells the
/// kernel what to do, then the number. A loss of power or a kill in between leaves the kernel's number one behind. Where
/// the kernel has not made the volume, LVM tells it again with the next change; only the volume cannot be activated
/// until then. Where the kernel has made it, LVM's telling again fails ("File exists"), and with it everything that
/// is to be made in the pool, until somebody intervenes (seen with LVM 2.03.16 at cuts of a log of dm-log-writes). A
/// removal that was cut needs nothing: LVM takes "No data available" for its end.
extension ThinBackend {
  /// A volume that is in LVM's metadata and was not made to its end.
  struct UnfinishedChange {
    let made: LogicalVolume
    /// The volume of the pool that it is a part of.
    let owner: VolumeName
    /// The kernel's number; LVM's is one more.
    let transaction: UInt64
  }

  /// The making that was cut; nil for none.
  ///
  /// The group is read first: a report waits for who is just changing it, and the kernel's number only grows.
  func unfinishedChange() throws(StorageError) -> UnfinishedChange? {
    let group = try report.group()
    guard let wanted = try thinPool(in: group).transaction,
      let kernels = try device.transaction(), kernels < wanted, kernels + 1 == wanted,
      let made = group.volumes.values.first(where: {
        $0.thinPool == thin && $0.transaction == kernels
      }), let owner = ThinRole.of(made.name)?.1
    else { return nil }
    return UnfinishedChange(made: made, owner: owner, transaction: kernels)
  }

  private var device: ThinPoolDevice { ThinPoolDevice(group: groupName, pool: thin) }

  /// Ends a making that was cut, where the kernel has made the volume: it can be activated then.
  /// - Returns: the one whose volume it has not made, so that it holds nothing.
  @discardableResult
  func finishChange(_ steps: Steps) throws(StorageError) -> UnfinishedChange? {
    guard !steps.isDryRun, let change = try unfinishedChange() else { return nil }
    do throws(StorageError) { try activate(change.made, of: change.owner) } catch { return change }
    try steps.run("end the making of '\(full(change.made.name))'") { () throws(StorageError) in
      try device.setTransaction(from: change.transaction, to: change.transaction + 1)
    }
    return nil
  }

  /// As `finishChange`, and removes a volume of this name that the kernel has not made.
  func settle(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard let change = try finishChange(steps), change.owner == name else { return }
    let missing = change.made.name
    try steps.run("remove '\(full(missing))', which was not made") { () throws(StorageError) in
      try remove([missing], of: name)
    }
  }
}
