import StorageHost
import StorageModel
import StorageOS

/// The records of open-iscsi on disk that belong to one pool: those of the interface that bears its UUID.
///
/// Every session that a pool logs into is made by an interface record of its own. So what is the pool's can be told
/// from what anybody else did, in /sys and on disk, whatever was killed and when.
struct RecordFiles {
  /// Where open-iscsi keeps them: as Debian builds it, and as others do.
  private static let folders = [Path("/etc/iscsi"), Path("/var/lib/iscsi")]

  let interface: String
  private let roots: [Path]

  init(pool: PoolDefinition, roots: [Path] = RecordFiles.folders) {
    interface = "cistern-\(pool.uuid)"
    self.roots = roots
  }

  /// The file of the interface record; nil where there is none.
  func interfaceFile() throws(StorageError) -> Path? { try first("ifaces/\(interface)") }

  /// The file of that name in the first folder that has it.
  private func first(_ name: String) throws(StorageError) -> Path? {
    for root in roots where try FileStatus.ifPresent(root.appending(name)) != nil {
      return root.appending(name)
    }
    return nil
  }

  /// A record of a target at a portal.
  struct Node {
    let file: Path
    /// The folder of open-iscsi that it is in.
    let root: Path
    let target: String
    let interface: String
    let host: String
    let port: Int
    /// The portal's group; nil where it is not known.
    let group: Int?
  }

  /// The records that are reached by the pool's interface, by file.
  func nodes() throws(StorageError) -> [Node] {
    try allNodes().filter { $0.interface == interface }
  }

  /// Somebody else's record of the target at the portal that the pool's would replace: there can be only one for
  /// each portal whose group is not known.
  ///
  /// nil where there is none.
  func foreignRecord(of target: ISCSIName, at portal: Portal) throws(StorageError) -> Node? {
    try allNodes().first {
      $0.interface != interface && $0.group == nil && $0.target == "\(target)"
        && $0.host == portal.host && $0.port == portal.port
    }
  }

  private func allNodes() throws(StorageError) -> [Node] {
    var found: [Node] = []
    for root in roots {
      let nodes = root.appending("nodes")
      for target in try SysFile.names(in: nodes) {
        for file in try files(below: nodes.appending(target), depth: 2) {
          if let node = try node(file, in: root) { found.append(node) }
        }
      }
    }
    return found
  }

  /// A record is a file `HOST,PORT`, or `HOST,PORT,GROUP/INTERFACE` once the portal's group is known.
  private func files(below folder: Path, depth: Int) throws(StorageError) -> [Path] {
    guard depth > 0 else { return [] }
    var found: [Path] = []
    for entry in try Folder(opening: folder).entries().sorted(by: { $0.name < $1.name }) {
      let path = folder.appending(entry.name)
      if entry.kind == .folder {
        found += try files(below: path, depth: depth - 1)
      } else {
        found.append(path)
      }
    }
    return found
  }

  private func node(_ file: Path, in root: Path) throws(StorageError) -> Node? {
    guard let bytes = try SysFile.bytes(file) else { return nil }
    var values: [ByteString: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      guard let (key, value) = line.cut(at: "=") else { continue }
      values[key.trimmed] = value.trimmed
    }
    guard let interface = values["iface.iscsi_ifacename"], let target = values["node.name"],
      let host = values["node.conn[0].address"],
      let port = values["node.conn[0].port"].flatMap({ Int($0) })
    else { return nil }
    return Node(
      file: file, root: root, target: target, interface: interface, host: host, port: port,
      group: values["node.tpgt"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 })
  }

  /// Puts settings into a record, replacing it in one step, readable by its owner only.
  ///
  /// Done in the file and not by `iscsiadm --op update`, which would show the password to everybody who lists
  /// processes. Written beside the folders of records first, since open-iscsi takes every file in those for one; what
  /// a crash leaves there is removed by `sweep`.
  func set(_ settings: NodeSettings, in node: Node) throws(StorageError) {
    let folder = try Folder(opening: node.file.parent)
    let bytes = try folder.open(node.file.lastComponent, flags: Descriptor.readOnly).readAll(
      limit: 1 << 16)
    let (head, end) = settings.record(from: String(decoding: bytes, as: UTF8.self))
    try sweep()
    let root = try Folder(opening: node.root)
    let new = try root.create(unfinished, mode: 0o600)
    try new.write(Array(head.utf8))
    if let password = settings.password {
      try new.write(Array("node.session.auth.password = ".utf8))
      try password.write(to: new)
      try new.write([UInt8(ascii: "\n")])
    }
    try new.write(Array(end.utf8))
    try new.sync()
    try root.rename(unfinished, to: node.file.lastComponent, in: folder)
    try folder.sync()
  }

  /// Removes a record, and the folders and links that were only there for it.
  ///
  /// Not by iscsiadm: its `--op delete` (2.1.8) takes another interface's record of the portal where that is one
  /// whose group is not known.
  func remove(_ node: Node) throws(StorageError) {
    let folder = try Folder(opening: node.file.parent)
    try folder.remove(node.file.lastComponent)
    try folder.sync()
    var emptied = node.file.parent
    while emptied.relative(to: node.root.appending("nodes")) != nil {
      do throws(StorageError) {
        try Folder(opening: emptied.parent).removeFolder(emptied.lastComponent)
      } catch {
        // Whatever else is in a folder keeps it.
        guard error.isNotEmpty else { throw error }
        break
      }
      emptied = emptied.parent
    }
    let links = node.root.appending("static")
    for name in try SysFile.names(in: links) where name.hasSuffix(",\(interface)") {
      try Folder(opening: links).remove(name)
    }
  }

  private var unfinished: String { "\(interface).new" }

  /// Removes a record that was not finished.
  func sweep() throws(StorageError) {
    for path in roots where try FileStatus.ifPresent(path) != nil {
      try Folder(opening: path).remove(unfinished)
    }
  }

  /// Whether there is a record that was not finished.
  func hasUnfinished() throws(StorageError) -> Bool { try first(unfinished) != nil }

  /// One of the files that belong to the pool; nil where there is none.
  func anyFile() throws(StorageError) -> Path? {
    if let file = try interfaceFile() { return file }
    if let node = try nodes().first { return node.file }
    return try first(unfinished)
  }
}
