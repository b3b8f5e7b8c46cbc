import StorageHost
import StorageModel

/// The network file systems that a pool can be on.
enum NetworkFileSystem: Sendable {
  case nfs, cifs, gluster

  /// - Parameter format: a word of the definition; `auto` is NFS, as mount(8) takes `HOST:FOLDER`.
  init(format: String) {
    switch format {
    case "cifs": self = .cifs
    case "glusterfs": self = .gluster
    default: self = .nfs
    }
  }

  /// What mount(8) calls it.
  var type: String {
    switch self {
    case .nfs: return "nfs"
    case .cifs: return "cifs"
    case .gluster: return "glusterfs"
    }
  }

  /// The types that the kernel shows.
  var mountTypes: Set<ByteString> {
    switch self {
    case .nfs: return ["nfs", "nfs4"]
    case .cifs: return ["cifs", "smb3"]
    case .gluster: return ["fuse.glusterfs"]
    }
  }

  /// The program that mounts it.
  var helper: Program {
    switch self {
    case .nfs: return Program("mount.nfs", package: "nfs-common")
    case .cifs: return Program("mount.cifs", package: "cifs-utils")
    case .gluster: return Program("mount.glusterfs", package: "glusterfs-client")
    }
  }

  /// The mount option that takes a server's port.
  var portOption: String? {
    switch self {
    case .nfs, .cifs: return "port"
    case .gluster: return "server-port"
    }
  }

  /// What is mounted, as libvirt says it.
  func source(host: String, folder: String) -> String {
    // The colons of an IPv6 address are not the one before the folder.
    let host = host.contains(":") && !host.hasPrefix("[") && self != .cifs ? "[\(host)]" : host
    guard self == .cifs else { return "\(host):\(folder)" }
    return folder.hasPrefix("/") ? "//\(host)\(folder)" : "//\(host)/\(folder)"
  }

  /// A source in the one way of writing that compares: helpers drop slashes, or add one.
  func comparable(_ source: String) -> String {
    var text = source[...]
    while !text.hasSuffix(":/"), let shorter = text.without(suffix: "/") { text = shorter }
    guard self == .gluster, let (host, path) = text.cut(atLast: ":") else { return String(text) }
    return "\(host):" + String(path.unicodeScalars.drop { $0 == "/" })
  }
}
