import StorageConf
import StorageCore
import StorageModel
import StorageOS
import VolumeGroups

/// Finding and removing what crashes leave: volumes whose record says that their content is not whole.
extension LogicalBackend: CheckingBackend {
  package func findings(isStarted: (VolumeName) -> Bool) throws(StorageError) -> [Finding] {
    let found = try report.group().volumes.values.compactMap { finding(about: $0) }
    return found.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
  }

  private func finding(about volume: LogicalVolume) -> Finding? {
    // A record that cannot be read is reported by the listing.
    guard let name = VolumeName(found: volume.name),
      let change = (try? RecordTag.record(in: volume.tags))?.unfinished
    else { return nil }
    return Finding(
      change == .create ? .unfinishedVolume : .incompleteContent, node(volume.name), volume: name)
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    guard let name = finding.volume else { return }
    try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") {
      () throws(StorageError) in try remove(name)
    }
  }

  /// So that a command that was cut can just be typed again.
  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard let volume = try report.group(showing: name).volumes[name.text],
      let finding = finding(about: volume), finding.kind.isRepairable
    else { return }
    try repair(finding, steps)
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    guard let name = finding.volume else { return false }
    return try report.group(showing: name).volumes[name.text]?.isOpen ?? false
  }
}
