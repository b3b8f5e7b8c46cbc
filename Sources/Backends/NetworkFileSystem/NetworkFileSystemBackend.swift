import FileVolumes
import MountedFolders
import Mounts
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type netfs: a folder of a server, by NFS, CIFS or GlusterFS.
package struct NetworkFileSystemBackend: MountedBackend {
  package static let type = PoolType.netfs

  package let pool: PoolDefinition
  package let host: HostFolders
  package let secrets: any SecretSource

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
    self.secrets = secrets
  }

  private var kind: NetworkFileSystem { NetworkFileSystem(format: pool.source.format ?? "auto") }

  package func mounting() throws(StorageError) -> Mounting {
    guard pool.source.hosts.count <= 1 else {
      throw StorageError(.badInput, subject, "expected exactly 1 host for the storage pool")
    }
    guard let server = pool.source.hosts.first, !server.name.isEmpty else {
      throw StorageError(.badInput, subject, "missing source host")
    }
    guard let folder = pool.source.dir?.text, !folder.isEmpty else {
      throw StorageError(.badInput, subject, "missing source path")
    }
    var options = ["nodev", "nosuid", "noexec"]
    switch kind {
    case .nfs:
      if let version = pool.source.protocolVersion { options.append("nfsvers=\(version)") }
    case .cifs: if pool.source.authentication == nil { options.append("guest") }
    case .gluster: options.append("direct-io-mode=1")
    }
    if server.port != 0, let word = kind.portOption { options.append("\(word)=\(server.port)") }
    return Mounting(
      source: kind.source(host: server.name, folder: folder), target: try target(),
      type: kind.type, options: options + pool.mountOptions)
  }

  package func checkSource() throws(StorageError) {
    if let login = pool.source.authentication, kind != .cifs || login.kind != .cifs {
      throw StorageError(
        .badInput, subject,
        "auth type '\(login.kind.rawValue)' means nothing to a source of format '\(pool.source.format ?? "auto")'"
      )
    }
    _ = try kind.helper.path()
  }

  /// Name and password go to mount.cifs in a file without a name, which it inherits: neither is in an argument, in
  /// the environment or on a disk.
  package func mount(_ mounting: Mounting) throws(StorageError) {
    guard let login = pool.source.authentication, kind == .cifs else {
      return try mounting.mount(timeout: host.answerTimeout)
    }
    guard !login.username.utf8.contains(where: { (0x0a...0x0d).contains($0) }) else {
      throw StorageError(.badInput, subject, "the user's name has a line end in it")
    }
    let password = try secrets.value(of: login.secret, for: .cifs)
    let file = try password.file(
      after: "username=\(login.username)\npassword=", before: "\n")
    var mounting = mounting
    mounting.options.insert("credentials=\(file.pathForChild)", at: 3)
    try mounting.mount(timeout: host.answerTimeout, keeping: [file])
  }

  package func isOwn(_ mount: Mount) throws(StorageError) -> Bool {
    guard kind.mountTypes.contains(mount.type) else { return false }
    return try kind.comparable(mount.source) == kind.comparable(mounting().source)
  }

  package func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError) {
    guard overwrite == .unspecified else {
      throw StorageError(
        .unsupported, subject,
        "No source device specified when formatting pool '\(pool.name)'")
    }
    if case .other(let mount) = try occupation() { throw covered(by: mount) }
    try buildFolder(isMountPoint: true, steps)
  }
}
