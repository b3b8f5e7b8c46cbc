import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS
import VolumeGroups

/// Finding and removing what crashes leave.
extension ThinBackend: CheckingBackend {
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    let group = try report.group()
    let isSuspended = try thinPool(in: group).isSuspended
    var found = missingDevices(of: group) { $0.thinPool == thin || $0.name == thin }
    if isSuspended { found.append(Finding(.suspendedDevice, node(thin), volume: nil)) }
    // What it is a left-over of, if of anything, is seen when it is there.
    let unfinished = try unfinishedChange()
    let families = group.families(inThinPool: thin)
    for (name, family) in families {
      let contradiction = describe(family) { families[$0] }?.contradiction
      found += findings(of: family, contradiction, isStarted: isStarted(name)).filter {
        $0.path.lastComponent != unfinished?.made.name
      }
    }
    for family in families.values where family.isBeingNamed {
      found.append(Finding(.interruptedRename, node(family.name.text), volume: family.name))
    }
    if let unfinished {
      found.append(
        Finding(.unfinishedChange, node(unfinished.made.name), volume: unfinished.owner))
    }
    return found
  }

  private func findings(
    of family: ThinFamily, _ contradiction: Contradiction?, isStarted: Bool
  ) -> [Finding] {
    // A record that cannot be read is reported by the listing; its volumes are not judged.
    guard family.recordProblem == nil, !family.isBeingNamed else { return [] }
    let kind = (family.record?.lifecycle ?? .init()).resolved(with: pool.lifecycle).kind
    var list: [Finding] = []
    func add(_ finding: Finding.Kind, _ name: String) {
      list.append(Finding(finding, node(name), volume: family.name))
    }
    for part in family.parts where part.isSuspended { add(.suspendedDevice, part.name) }
    if let importing = family.importing { add(.unfinishedImport, importing.name) }
    if family.isInterrupted, kind.savesState, let newest = family.backs.last {
      add(.misplacedState, newest.volume.name)
    }
    if let contradiction, contradiction.kind != .uncommitted || !isStarted {
      list.append(contradiction.finding(of: family.name))
    } else if !isStarted, let working = family.working(kind) {
      if kind.savesState {
        list.append(.uncommitted(node(working.name), of: family.name, in: pool.name))
      } else {
        add(.staleWorkingCopy, working.name)
      }
    }
    if kind.savesState, family.record != nil, family.committed == nil, family.snap == nil {
      add(.orphanRecord, family.name.text)
    }
    return list
  }

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    try settle(name, steps)
    for family in try interruptedRenames(of: name) { try settleRename(family, steps) }
    // Uncommitted sessions are the life cycle's business, so nothing counts as stale here.
    for finding in findings(of: try family(name), nil, isStarted: true)
    where finding.kind.isRepairable { try repair(finding, steps) }
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    if finding.kind == .suspendedDevice { return try resume(finding, steps) }
    guard let name = finding.volume else { return }
    switch finding.kind {
    case .unfinishedChange: try sweep(name, steps)
    case .interruptedRename: try settleRename(family(name), steps)
    case .misplacedState:
      try steps.run("rename '\(finding.path)' to '\(node(name.text))'") {
        () throws(StorageError) in
        try rename(finding.path.lastComponent, to: name.text, of: name)
      }
    case .orphanRecord:
      try steps.run("forget the properties of volume '\(name)'") { () throws(StorageError) in
        try setRecord(nil, of: name)
      }
    default:
      try steps.run("remove \(finding.kind.rawValue) '\(finding.path)'") {
        () throws(StorageError) in
        let holders = try holders(of: finding)
        guard holders.isEmpty else {
          throw StorageError(
            .busy, finding.path.text,
            "is a left-over, but in use by \(holders.joined(separator: ", "))")
        }
        try remove([finding.path.lastComponent], of: name)
      }
    }
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    // Who reads a suspended one waits for the repair.
    guard finding.kind != .suspendedDevice else { return false }
    return try !holders(of: finding).isEmpty
  }

  private func holders(of finding: Finding) throws(StorageError) -> [String] {
    guard let status = try FileStatus.ifPresent(finding.path), status.kind == .blockDevice else {
      return []
    }
    return try DeviceUse.holders(
      of: status.device, countingReaders: true, proc: host.proc, sys: host.sys)
  }
}
