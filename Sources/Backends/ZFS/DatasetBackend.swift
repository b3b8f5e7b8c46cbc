import BlockVolumes
import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Pools whose volumes are zvols below one dataset.
package protocol DatasetBackend: BlockBackend, NamingBackend, DegradableBackend {
  /// What the pool holds, by this instance's one report.
  var datasets: Datasets { get }
}

/// A pool's datasets and their nodes, for one command.
package struct Datasets: Sendable {
  let report: DatasetReport
  let nodes: ZvolNodes

  init(_ pool: PoolDefinition, host: HostFolders) {
    report = DatasetReport(pool.source.name ?? pool.name.text)
    nodes = ZvolNodes(host: host)
  }
}

extension DatasetBackend {
  /// The dataset that the volumes are below: a whole zpool, or one in it.
  var container: String { datasets.report.container }
  /// The zpool that it is in.
  var zpool: String { container.cut(at: "/").map { String($0.before) } ?? container }

  /// ZFS's words for a volume.
  func full(_ name: VolumeName) -> String { "\(container)/\(name)" }

  package func path(of name: VolumeName) -> Path { datasets.nodes.path(full(name)) }

  package func checkReachable() throws(StorageError) { _ = try datasets.report.tree() }

  /// What the dataset can hold, as ZFS counts it: without the disks' redundancy, and within its quota.
  package func sizes() throws(StorageError) -> PoolSizes {
    let top = try datasets.report.tree().top
    return PoolSizes(
      capacity: top.used + top.available, allocation: top.used, available: top.available)
  }

  /// What keeps the zpool from being well, in its own word.
  package func impairment() throws(StorageError) -> String? {
    let lines = try ZFSTools.ask(
      ZFSTools.zpool, ["list", "-Hp", "-o", "name,health", zpool], subject: "zpool '\(zpool)'")
    guard let health = lines.first?.dropFirst().first else {
      throw StorageError(.failure, "zpool '\(zpool)'", "zpool list printed no health")
    }
    return health == "ONLINE" ? nil : "zpool '\(zpool)' is \(health)"
  }

  /// Both udev's link and the kernel's own node.
  package func volumeName(forPath path: Path) throws(StorageError) -> VolumeName? {
    let links = datasets.nodes.link(container)
    if let name = path.relative(to: links) {
      return VolumeName(found: name.replacing("+", by: " "))
    }
    guard path.parent == host.dev, path.lastComponent.hasPrefix("zd"),
      let dataset = try datasets.nodes.dataset(of: path),
      let name = dataset.without(prefix: container + "/"), dataset.cut(at: "@") == nil
    else { return nil }
    return VolumeName(found: String(name))
  }

  /// Looks whether a running QEMU has the volume, and lets go of it again: ZFS destroys and rolls back nothing that is
  /// open.
  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError) -> [FileClaim] {
    guard let node = try datasets.nodes.node(full(volume.name)) else { return [] }
    let device: Descriptor
    do throws(StorageError) { device = try Descriptor(readingDevice: node) } catch {
      guard error.isAbsence || error.isDeviceGone else { throw error }
      return []
    }
    guard try ImageLock.claim(device, for: use) else {
      throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
    }
    return []
  }

  // MARK: Changes

  /// Runs a command of `zfs` that changes a volume.
  func change(_ place: StaticString, _ words: [String], of name: VolumeName) throws(StorageError) {
    try datasets.report.change(place, words, subject: "volume '\(name)'")
  }

  /// Refuses what no new volume can be called: ZFS's rule (zfs(8)), and what is kept for snapshots' endings.
  func checkName(_ name: VolumeName) throws(StorageError) {
    let isLegal = name.text.utf8.allSatisfy { byte in
      (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
        || "_-.:/".utf8.contains(byte)
    }
    guard isLegal else {
      throw StorageError(
        .badInput, "", "volume name '\(name)' cannot be one of ZFS",
        reason: "expected letters, digits and '_-.:', and '/' between the parts")
    }
    // Of 255 bytes a revision's name takes some; Qubes' driver has them in folders of its own as well.
    guard full(name).utf8.count <= 190 else {
      throw StorageError(
        .badInput, "", "volume name '\(name)' is too long",
        reason: "'\(container)/' and the name have at most 190 bytes together")
    }
  }

  /// Refuses to remove what others hold on to; names it.
  ///
  /// - Parameter own: whether a snapshot is the volume's own, and goes with it.
  func refuseDependants(
    of name: VolumeName, _ own: (Dataset) -> Bool = { _ in false }
  ) throws(StorageError) {
    for snapshot in try datasets.report.tree().snapshots[name.text] ?? [] {
      if !own(snapshot), !snapshot.isGoing {
        throw StorageError(
          .busy, "volume '\(name)'", "has snapshot '\(snapshot.name)', which was not made here",
          hint: "Where nobody wants it: zfs destroy \(snapshot.name.shellQuoted)")
      }
      try refuseHold(of: snapshot, name)
      if let clone = snapshot.clones.first {
        throw StorageError(
          .busy, "volume '\(name)'",
          "is the origin of '\(clone)', by its snapshot '\(snapshot.name)'",
          hint: "Make that one stand for itself: zfs promote \(clone.shellQuoted)")
      }
    }
  }

  /// Refuses to remove a snapshot that somebody has put a hold on.
  func refuseHold(of snapshot: Dataset, _ name: VolumeName) throws(StorageError) {
    guard snapshot.holds > 0 else { return }
    throw StorageError(
      .busy, "volume '\(name)'", "somebody holds its snapshot '\(snapshot.name)'",
      hint: "See who: zfs holds \(snapshot.name.shellQuoted)")
  }

  /// Removes a dataset, which nobody has open: but udev looks at each device after every change, and is gone in a
  /// moment.
  func destroy(_ dataset: String, of name: VolumeName) throws(StorageError) {
    try retried { () throws(StorageError) in
      try change("zfs destroy", ["destroy", dataset], of: name)
    }
    datasets.nodes.forget()
    try Steps.finish { () throws(StorageError) in try removeFolders(above: dataset, of: name) }
  }

  /// Makes the file systems that are parts of a dataset's name and are not there; nothing is ever mounted.
  func makeFolders(above dataset: String, of name: VolumeName) throws(StorageError) {
    let tree = try datasets.report.tree()
    var folder = container
    let below = dataset.without(prefix: container + "/").map(String.init) ?? ""
    for part in below.split(separator: "/").dropLast() {
      folder += "/\(part)"
      let known = String(folder.without(prefix: container + "/") ?? "")
      guard tree.datasets[known] == nil else { continue }
      let options = ["mountpoint=none", "canmount=off", "\(UserProperty.folder)=\(folder)"]
      try change(
        "zfs create folder", ["create"] + options.flatMap { ["-o", $0] } + [folder], of: name)
    }
  }

  /// Removes what `makeFolders` made above a dataset and nothing is in any more.
  func removeFolders(above dataset: String, of name: VolumeName) throws(StorageError) {
    var parts = dataset.split(separator: "/").dropLast()
    guard parts.count > container.split(separator: "/").count else { return }
    let tree = try datasets.report.tree()
    while parts.count > container.split(separator: "/").count {
      let folder = parts.joined(separator: "/")
      let known = String(folder.without(prefix: container + "/") ?? "")
      let isEmpty = !tree.datasets.contains {
        $0.value.name.hasPrefix(folder + "/") && $0.value.name.hasPrefix(dataset) == false
          && !dataset.hasPrefix($0.value.name + "/")
      }
      guard let found = tree.datasets[known], found.madeFor == folder, isEmpty,
        tree.snapshots[known] == nil
      else { return }
      do throws(StorageError) {
        try change("zfs destroy folder", ["destroy", folder], of: name)
      } catch {
        // Somebody has made something in it meanwhile.
        guard error.code == .busy else { throw error }
        return
      }
      parts = parts.dropLast()
    }
  }

  /// Does something again for a moment while a device is busy.
  func retried(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    var refusal: StorageError?
    let isDone = try Waiting.upTo(seconds: 3) { () throws(StorageError) in
      do throws(StorageError) { try body() } catch {
        guard error.code == .busy else { throw error }
        refusal = error
        return false
      }
      return true
    }
    if !isDone, let refusal { throw refusal }
  }

  // MARK: Records

  /// Sets or removes a property of a dataset.
  func setProperty(
    _ property: String, to value: String?, of dataset: String, _ name: VolumeName
  ) throws(StorageError) {
    if let value {
      try change("zfs set", ["set", "\(property)=\(value)", dataset], of: name)
    } else {
      try change("zfs inherit", ["inherit", property, dataset], of: name)
    }
  }

  /// What a device of its own tells about a zvol.
  func fill(_ definition: inout VolumeDefinition, from node: Path) throws(StorageError)
    -> ByteCount?
  {
    let status = try FileStatus(following: node)
    definition.target.permissions = Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group)
    definition.target.timestamps = status.timestamps
    return try DeviceUse.sectorSize(of: status.device, sys: host.sys)
  }

  /// Zvols have sectors of 512 bytes, whatever their blocks are.
  package func sectorSize() throws(StorageError) -> ByteCount { SectorSize.usual }
}

/// The blocks of new zvols: what OpenZFS 2.2 and later takes by itself, said so that sizes are the same everywhere.
enum ZvolBlock {
  static let size: ByteCount = 16384
  static let option = ["-o", "volblocksize=16K"]
}
