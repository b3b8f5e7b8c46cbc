import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import VolumeGroups

/// Finding and removing what crashes leave.
extension LogicalBackend: CheckingBackend {
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    let group = try report.group()
    var found = missingDevices(of: group, isListed)
    for volume in group.volumes.values where isListed(volume) { found += leftOvers(volume) }
    return found
  }

  /// What is left of a volume that was being made, overwritten or changed.
  private func leftOvers(_ volume: LogicalVolume) -> [Finding] {
    guard let name = VolumeName(found: volume.name) else { return [] }
    let path = node(volume.name)
    var found = volume.isSuspended ? [Finding(.suspendedDevice, path, volume: name)] : []
    // A record that cannot be read is reported by the listing.
    if let change = (try? RecordTag.record(in: volume.tags))?.unfinished {
      found.append(Finding(change, path, volume: name, in: pool.name))
    }
    return found
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    if finding.kind == .suspendedDevice { return try resume(finding, steps) }
    guard finding.kind == .unfinishedVolume, let name = finding.volume else { return }
    try steps.run("run lvremove \(full(name.text))") { () throws(StorageError) in
      try remove(name)
    }
  }

  /// So that a command that was cut can just be typed again.
  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard let volume = try report.group(showing: name).volumes[name.text], isListed(volume) else {
      return
    }
    for finding in leftOvers(volume) where finding.kind.isRepairable { try repair(finding, steps) }
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    // Who reads a suspended one waits for the repair.
    guard finding.kind != .suspendedDevice, let name = finding.volume else { return false }
    return try report.group(showing: name).volumes[name.text]?.isOpen ?? false
  }
}
