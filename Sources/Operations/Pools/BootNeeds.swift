import Definitions
import StorageModel

/// What must be there before a pool can be started at boot.
package struct BootNeeds: Equatable, Sendable {
  /// Paths whose file systems must be mounted.
  package var mounts: [Path] = []
  /// Device files that must have appeared.
  package var devices: [Path] = []
  package var isOnNetwork = false
  /// Services of other packages that make the source available, where they are installed.
  package var services: [String] = []
  /// Pools in which the device or folder of this one lives, by name.
  package var pools: [PoolName] = []

  /// What a pool needs.
  /// - Parameter others: all pools of the machine.
  package init(of pool: PoolDefinition, among others: [PoolDefinition]) {
    let sources = pool.source.devices.map(\.path).filter(\.isAbsolute)
    switch pool.type {
    case .dir: mounts = [pool.target.path].compactMap { $0 }
    case .fs:
      devices = sources.filter(BootNeeds.isDevice)
      mounts = sources.filter { !BootNeeds.isDevice($0) }
    case .disk, .logical, .zfs: devices = sources.filter(BootNeeds.isDevice)
    case .netfs, .iscsi, .iscsiDirect, .rbd, .sheepdog, .gluster, .vstorage: isOnNetwork = true
    case .scsi, .mpath: break
    }
    // A folder that something is mounted on must be there itself.
    if [.fs, .netfs, .vstorage].contains(pool.type), let target = pool.target.path {
      mounts.append(target.parent)
    }
    switch pool.type {
    case .iscsi: services = ["iscsid.service"]
    case .mpath: services = ["multipathd.service"]
    case .zfs: services = ["zfs-import.target"]
    case .vstorage: services = ["vstorage-mount.service"]
    default: break
    }
    let places = mounts + devices
    pools = others.filter { other in
      guard other.name != pool.name, let target = other.target.path, target.isAbsolute,
        target.text != "/dev"
      else { return false }
      return places.contains { $0 == target || $0.relative(to: target) != nil }
    }
    .map(\.name).sorted()
    // Devices that another pool makes are no sooner there than it is started.
    let made = others.filter { pools.contains($0.name) }.compactMap(\.target.path)
    devices.removeAll { device in made.contains { device.relative(to: $0) != nil } }
    mounts.removeAll { mount in
      made.contains { mount == $0 || mount.relative(to: $0) != nil }
    }
  }

  private static func isDevice(_ path: Path) -> Bool { path.relative(to: Path("/dev")) != nil }

  /// The pools to start at boot with those that they live in, each after all that it needs.
  ///
  /// Needs that go round in a circle are dropped where they would close it.
  package static func all(of pools: [PoolRecord]) -> [(PoolRecord, BootNeeds)] {
    let definitions = pools.map(\.definition)
    var ordered: [(PoolRecord, BootNeeds)] = []
    var seen: Set<PoolName> = []
    func visit(_ pool: PoolRecord, below: [PoolName]) {
      guard seen.insert(pool.name).inserted else { return }
      var needs = BootNeeds(of: pool.definition, among: definitions)
      let path = below + [pool.name]
      needs.pools.removeAll(where: path.contains)
      for name in needs.pools {
        if let other = pools.first(where: { $0.name == name }) { visit(other, below: path) }
      }
      ordered.append((pool, needs))
    }
    for pool in pools where pool.isAutostarted { visit(pool, below: []) }
    return ordered
  }
}
