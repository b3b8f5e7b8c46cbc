import BlockVolumes
import SCSIUnits
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools of type mpath: the machine's multipath maps, whoever made them.
///
/// There can be only one such pool.
package struct MultipathBackend: BlockBackend, NamingBackend, DegradableBackend {
  package static let type = PoolType.mpath

  package let pool: PoolDefinition
  package let host: HostFolders

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
  }

  package func start(_ steps: Steps) throws(StorageError) {
    try steps.run("list the multipath maps") { () throws(StorageError) in try checkReachable() }
  }

  package func stop(_ steps: Steps) throws(StorageError) {}

  package func checkReachable() throws(StorageError) { _ = try MultipathMaps.all() }

  /// All maps together; nothing is free, since nothing can be made.
  package func sizes() throws(StorageError) -> PoolSizes {
    let sum = try MultipathMaps.all().map(\.size).reduce(ByteCount(0)) {
      $0.adding($1) ?? .maximum
    }
    return PoolSizes(capacity: sum, allocation: sum)
  }

  package func impairment() throws(StorageError) -> String? {
    let impaired = try MultipathMaps.all().filter { !$0.paths.allSatisfy(\.isActive) }
    return impaired.isEmpty ? nil : impaired.map(\.impairment).joined(separator: "; ")
  }

  // MARK: Volumes

  package func volumes() throws(StorageError) -> VolumeListing {
    let maps = try MultipathMaps.all()
    var volumes: [Volume] = []
    for map in maps {
      if let volume = try volume(map) { volumes.append(volume) }
    }
    return VolumeListing(
      volumes: volumes,
      warnings: maps.filter(\.isImpaired).map { "\($0.kernelName): \($0.impairment)" })
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    try MultipathMaps.all().compactMap { VolumeName(found: $0.kernelName) }
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    guard let map = try map(name) else { return nil }
    return try volume(map)
  }

  private func map(_ name: VolumeName) throws(StorageError) -> MultipathMaps.Map? {
    try MultipathMaps.all().first { $0.kernelName == name.text }
  }

  /// The map's node in /dev/mapper; the kernel's own where nobody made one.
  package func path(of name: VolumeName) -> Path {
    // Where the map is not known the kernel's own node is as good: only its name is another.
    (try? map(name).map { map throws(StorageError) in try path(of: map) })
      ?? host.dev.appending(name.text)
  }

  private func path(of map: MultipathMaps.Map) throws(StorageError) -> Path {
    let node = host.dev.appending("mapper").appending(map.name)
    return try FileStatus.ifPresent(node) != nil ? node : host.dev.appending(map.kernelName)
  }

  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    guard path.relative(to: host.dev) != nil, let status = try FileStatus.ifPresent(path),
      status.kind == .blockDevice,
      let map = try MultipathMaps.all().first(where: { $0.device == status.device })
    else { return nil }
    return VolumeName(found: map.kernelName)
  }

  /// A map as a volume.
  ///
  /// One without a working path is not opened, which could take minutes.
  private func volume(_ map: MultipathMaps.Map) throws(StorageError) -> Volume? {
    guard let name = VolumeName(found: map.kernelName) else { return nil }
    let path = try path(of: map)
    var volume: Volume
    if map.paths.contains(where: \.isActive) {
      guard let found = describe(name, at: path) else { return nil }
      volume = found
    } else {
      volume = describeSilent(name, at: path, size: map.size, problem: "none of its paths works")
    }
    volume.definition.key = try key(of: map) ?? path.text
    return volume
  }

  /// The identity of the unit behind a map, which all its paths share.
  private func key(of map: MultipathMaps.Map) throws(StorageError) -> String? {
    let tree = SCSITree(sys: host.sys)
    let folder = host.sys.appending("block/\(map.kernelName)/slaves")
    for path in try SysFile.names(in: folder) {
      if let address = try tree.address(ofDevice: path), let found = try tree.identity(of: address)
      {
        return found.description
      }
    }
    return map.uuid.without(prefix: "mpath-").map(String.init)
  }

  // MARK: Records

  private var records: StateRecords { StateRecords(host: host, pool: pool.name) }

  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    try records.record(of: name, identity: identity(of: name))
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    try records.set(record, of: name, identity: identity(of: name))
  }

  private func identity(of name: VolumeName) throws(StorageError) -> String? {
    guard let map = try map(name) else { return nil }
    return try key(of: map)
  }
}
