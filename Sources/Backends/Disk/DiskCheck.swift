import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Finding and removing what crashes leave.
extension DiskBackend {
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    try findings()
  }

  private func findings() throws(StorageError) -> [Finding] {
    let table = try table()
    let layout = try table.layout()
    let names = try names()
    let disk = table.device.path
    var found: [Finding] = []
    // The lock on the disk is held until both have been looked at.
    let differences = try withExtendedLifetime(table) { () throws(StorageError) in
      try kernelView(of: table.device).differences(from: layout)
    }
    for difference in differences {
      found.append(
        Finding(
          .staleKernelView, Path("/dev").appending(names.name(difference.number)),
          volume: VolumeName(found: names.name(difference.number))))
    }
    var identities: Set<ByteString> = []
    for partition in layout.partitions {
      let identity = layout.identity(of: partition)
      identities.insert(identity)
      guard let key = recordKey(identity), let change = try unfinished(key),
        let name = VolumeName(found: names.name(partition.number))
      else { continue }
      found.append(
        Finding(change, disk.parent.appending(name.text), volume: name, in: pool.name))
    }
    for key in try records.names() where !identities.contains(key.text) {
      found.append(Finding(.orphanRecord, records.file(key), volume: nil))
    }
    return found.sorted { ($0.path, $0.kind.rawValue) < ($1.path, $1.kind.rawValue) }
  }

  /// What was begun with a volume and not ended, by its record; one that cannot be understood is reported by the
  /// listing.
  private func unfinished(_ key: VolumeName) throws(StorageError) -> UnfinishedChange? {
    do throws(StorageError) { return try records.record(of: key)?.unfinished } catch {
      guard error.number == nil else { throw error }
      return nil
    }
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    switch finding.kind {
    case .staleKernelView:
      try steps.run("tell the kernel of '\(finding.path)' as it is in the partition table") {
        () throws(StorageError) in
        let table = try tableForChange()
        let number = try names().number(in: finding.path.lastComponent)
        try kernelView(of: table.device).follow(
          table.layout(), on: table.device, only: number.map { [$0] } ?? [])
      }
    case .unfinishedVolume:
      guard let name = finding.volume, let (partition, _) = try partition(of: name) else { return }
      try steps.run("remove partition '\(name)'") { () throws(StorageError) in
        try removePartition(partition.number)
      }
    default:
      try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") {
        () throws(StorageError) in
        let folder = try Folder(opening: finding.path.parent)
        try folder.remove(finding.path.lastComponent)
        try folder.sync()
      }
    }
  }

  /// So that a command that was cut can just be typed again.
  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    guard try names().number(in: name.text) != nil else { return }
    for finding in try findings()
    where finding.volume == name && finding.kind.isRepairable {
      try repair(finding, steps)
    }
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool { false }
}
