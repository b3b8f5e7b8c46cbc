import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools whose volumes are the logical units of one SCSI host.
///
/// They are there or not; nobody makes them here.
///
/// Everything about volumes is here, the same for all of them; a kind of pool tells which host it is about and how
/// that is reached.
package protocol UnitBackend: BlockBackend, NamingBackend, RefreshingBackend, CheckingBackend {
  /// The number of the SCSI host.
  /// - Throws: where the pool's storage cannot be reached now.
  func hostNumber() throws(StorageError) -> UInt32
}

extension UnitBackend {
  package var tree: SCSITree { SCSITree(sys: host.sys) }

  /// Where the paths of volumes are looked for.
  package var target: Path { pool.target.path ?? host.dev }

  package var records: StateRecords { StateRecords(host: host, pool: pool.name) }

  package func checkReachable() throws(StorageError) { _ = try hostNumber() }

  /// All units together; nothing is free, since nothing can be made.
  package func sizes() throws(StorageError) -> PoolSizes {
    let sizes = try tree.units(ofHost: try hostNumber()).compactMap(\.size)
    let sum = sizes.reduce(ByteCount(0)) { $0.adding($1) ?? .maximum }
    return PoolSizes(capacity: sum, allocation: sum)
  }

  /// Steps that scan the host and wait for its devices.
  package func scanSteps(
    on number: @escaping () throws(StorageError) -> UInt32, of name: String, growing: Bool,
    awaitingFirst: Bool = false, _ steps: Steps
  ) throws(StorageError) {
    try steps.run("scan \(name) and wait for its devices") { () throws(StorageError) in
      try UnitScan(target: target, host: host).run(
        on: try number(), growing: growing, awaitingFirst: awaitingFirst)
    }
  }

  package func refresh(_ steps: Steps) throws(StorageError) {
    let number = try hostNumber()
    try scanSteps(on: { number }, of: "host\(number)", growing: true, steps)
  }

  /// Refuses to let go of units that somebody uses.
  package func checkUnused() throws(StorageError) {
    for volume in try volumes().volumes {
      let holders = try holders(of: volume, committed: .anyone)
      guard holders.isEmpty else {
        throw StorageError(
          .busy, volume.subject, "is in use by \(holders.joined(separator: ", "))")
      }
    }
  }

  // MARK: Volumes

  package func volumes() throws(StorageError) -> VolumeListing {
    let paths = try StablePaths(target: target, host: host)
    var listing = VolumeListing()
    var unlinked: [String] = []
    for unit in try tree.units(ofHost: hostNumber()) {
      guard let device = unit.device else {
        listing.warnings.append("SCSI unit \(unit.address) has no block device")
        continue
      }
      if StablePaths.areWanted(in: target, dev: host.dev), !paths.hasLink(to: device) {
        unlinked.append("\(host.dev.appending(device))")
      }
      if let volume = try describe(unit, at: paths.path(of: device)) {
        listing.volumes.append(volume)
      }
    }
    if !unlinked.isEmpty {
      listing.warnings.append(
        "no link in '\(target)' to \(unlinked.joined(separator: ", ")): paths that are not stable are shown"
      )
    }
    return listing
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try tree.units(ofHost: hostNumber()).filter { $0.device != nil }.compactMap {
      $0.address.volumeName
    }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard let unit = try unit(name), let device = unit.device else { return nil }
    return try describe(unit, at: StablePaths(target: target, host: host).path(of: device))
  }

  package func path(of name: VolumeName) -> Path {
    // Where its device is not known, its path is not; this one leads nowhere.
    guard let device = (try? unit(name))?.device,
      let paths = try? StablePaths(target: target, host: host)
    else { return target.appending(name.text) }
    return paths.path(of: device)
  }

  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    guard path.relative(to: host.dev) != nil || path.relative(to: target) != nil,
      let real = try Process.realPath(path),
      let address = try tree.address(ofDevice: real.lastComponent),
      try address.host == hostNumber()
    else { return nil }
    return address.volumeName
  }

  private func unit(_ name: VolumeName) throws(StorageError) -> SCSITree.Unit? {
    guard let address = UnitAddress(volume: name, ofHost: try hostNumber()) else { return nil }
    return try tree.unit(at: address)
  }

  /// A unit as a volume.
  ///
  /// One that does not answer is not opened, which could take minutes.
  private func describe(_ unit: SCSITree.Unit, at path: Path) throws(StorageError) -> Volume? {
    guard let name = unit.address.volumeName else { return nil }
    var volume: Volume
    if unit.isRunning {
      guard let found = describe(name, at: path) else { return nil }
      volume = found
    } else {
      volume = describeSilent(
        name, at: path, size: unit.size, problem: "the SCSI device is \(unit.state)")
    }
    volume.definition.key = try tree.identity(of: unit.address)?.description ?? path.text
    return volume
  }

  // MARK: Left-overs

  /// A unit cannot be left half made here, only half overwritten.
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    var found: [Finding] = []
    for name in try records.names().sorted() {
      do throws(StorageError) {
        guard let change = try record(of: name)?.unfinished else { continue }
        found.append(Finding(change, path(of: name), volume: name, in: pool.name))
      } catch {
        // It hides nothing of the others.
        if error.code == .interrupted { throw error }
        found.append(.unreadable(path(of: name), volume: name, error.text))
      }
    }
    return found
  }
  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {}
  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool { false }

  // MARK: Records

  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    try records.record(of: name, identity: identity(of: name))
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    try records.set(record, of: name, identity: identity(of: name))
  }

  private func identity(of name: VolumeName) throws(StorageError) -> String? {
    guard let unit = try unit(name) else { return nil }
    return try tree.identity(of: unit.address)?.description
  }
}
