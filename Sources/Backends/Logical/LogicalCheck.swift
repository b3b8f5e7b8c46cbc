import BlockVolumes
import StorageConf
import StorageCore
import StorageModel
import StorageOS
import VolumeGroups

/// Finding and removing what crashes leave.
extension LogicalBackend: CheckingBackend {
  package func findings(isStarted: (VolumeName) -> Bool) throws(StorageError) -> [Finding] {
    let group = try report.group()
    var found = missingDevices(of: group, isListed)
    found += group.volumes.values.filter(isListed).compactMap(unfinished)
    return found.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
  }

  /// What is left of a volume that was being made or overwritten.
  private func unfinished(_ volume: LogicalVolume) -> Finding? {
    // A record that cannot be read is reported by the listing.
    guard let name = VolumeName(found: volume.name),
      let change = (try? RecordTag.record(in: volume.tags))?.unfinished
    else { return nil }
    return Finding(
      change == .create ? .unfinishedVolume : .incompleteContent, node(volume.name), volume: name)
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    guard finding.kind == .unfinishedVolume, let name = finding.volume else { return }
    try steps.run("run lvremove \(full(name.text))") { () throws(StorageError) in
      try remove(name)
    }
  }

  /// So that a command that was cut can just be typed again.
  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard let volume = try report.group(showing: name).volumes[name.text], isListed(volume),
      let finding = unfinished(volume), finding.kind.isRepairable
    else { return }
    try repair(finding, steps)
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    guard let name = finding.volume else { return false }
    return try report.group(showing: name).volumes[name.text]?.isOpen ?? false
  }
}
