import CStorageShim
import Glibc
import StorageModel

/// Where a file is that a path leads to: a folder that is held, and a name in it that is no symbolic link.
struct FilePlace {
  let folder: Folder
  let name: String
  /// Whether the path's last component is a symbolic link.
  let isBehindLink: Bool
  /// Of /proc, which leads to an open file, that may have no name.
  private let isMagic: Bool

  /// Follows a path as `Folder(opening:)` does, also where its last component is a link.
  /// - Throws: `permission` for a link that somebody else may have planted.
  init(_ path: Path) throws(StorageError) {
    var rest = path
    var strangers: [(link: Path, owner: UInt32)] = []
    var isBehindLink = false
    // As many as the kernel follows (path_resolution(7)).
    for _ in 0...40 {
      let folder = try Folder(opening: rest.parent)
      let name = rest.lastComponent == "/" ? "." : rest.lastComponent
      let status = try folder.status(name)
      let isLink = status?.kind == .symbolicLink
      let isMagic = if isLink { try FileSystem(of: folder).isProc } else { false }
      guard isLink, !isMagic else {
        if let stranger = strangers.first(where: { $0.owner != status?.owner }) {
          throw SymbolicLink.planted(stranger.link, by: stranger.owner)
        }
        (self.folder, self.name, self.isMagic) = (folder, name, isMagic)
        self.isBehindLink = isBehindLink || isMagic
        return
      }
      let link = try folder.open(name, flags: shim_o_path | O_NOFOLLOW)
      let owner = try link.status().owner
      if owner != 0, owner != Process.userID { strangers.append((link.path, owner)) }
      let target = try SymbolicLink.target(of: link)
      rest = target.isAbsolute ? target : folder.path.appending(target.text)
      isBehindLink = true
    }
    throw StorageError(errno: ELOOP, path.text, "cannot open")
  }

  /// The file's status; nil where it is not there.
  func status() throws(StorageError) -> FileStatus? {
    try isMagic ? FileStatus.ifPresent(folder.path.appending(name)) : folder.status(name)
  }

  /// Opens the file; waits for the other end of a FIFO.
  func open(flags: Int32, mode: UInt32 = 0) throws(StorageError) -> Descriptor {
    let path = folder.path.appending(name)
    if isMagic { return try Descriptor(opening: path, flags: flags | O_NOCTTY, mode: mode) }
    let number = try SystemCall.run(path.text, "cannot open") {
      Descriptor.open(
        name, in: folder.descriptor.number, flags: flags | O_NOCTTY | O_NOFOLLOW, mode: mode)
    }
    return Descriptor(owning: number, path: path)
  }
}
