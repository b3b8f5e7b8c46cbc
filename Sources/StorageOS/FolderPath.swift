import CStorageShim
import Glibc
import StorageModel

/// A path of a folder that leads through symbolic links, walked component by component.
///
/// A link that a stranger made leads where the stranger likes: root who follows it works on what belongs to others. So
/// one counts only where its owner is root, this user, or the owner of the folder at the path's end, who could have put
/// anything there without a link.
struct FolderPath {
  private let path: Path
  private var rest: [String]
  private var here: Descriptor
  /// Links of neither root nor this user that were passed, with their owners.
  private var strangers: [(link: Path, owner: UInt32)] = []
  private var links = 0

  init(_ path: Path) throws(StorageError) {
    self.path = path
    rest = path.components.reversed()
    here = try FolderPath.start(path.isAbsolute)
  }

  private static func start(_ isAbsolute: Bool) throws(StorageError) -> Descriptor {
    try Descriptor(opening: Path(isAbsolute ? "/" : "."), flags: shim_o_path | O_DIRECTORY)
  }

  /// The folder, open for reading.
  consuming func open() throws(StorageError) -> Descriptor {
    while let name = rest.popLast() {
      if name == "." { continue }
      let flags = rest.isEmpty ? O_RDONLY | O_DIRECTORY : shim_o_path
      let number = shim_open(here.number, name, flags | O_NOFOLLOW | O_CLOEXEC, 0)
      if number >= 0 {
        let found = Descriptor(owning: number, path: here.path.appending(name))
        if try found.status().kind != .symbolicLink {
          here = found
        } else {
          try follow(found)
        }
      } else {
        // What a link is in the place of the last folder, the kernel says in one of two ways.
        let code = errno
        guard code == ELOOP || code == ENOTDIR,
          let found = try link(name)
        else { throw StorageError(errno: code, path.text, "cannot open directory") }
        try follow(found)
      }
    }
    // A path that ends in `..`, or in a link to the root, has left what can only be passed through.
    let number = try SystemCall.run(path.text, "cannot open directory") {
      shim_open(here.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    }
    let folder = Descriptor(owning: number, path: path)
    let owner = try folder.status().owner
    if let stranger = strangers.first(where: { $0.owner != owner }) {
      throw SymbolicLink.planted(stranger.link, by: stranger.owner)
    }
    return folder
  }

  /// The symbolic link of that name, opened itself; nil where it is something else.
  private func link(_ name: String) throws(StorageError) -> Descriptor? {
    let number = try SystemCall.run(path.text, "cannot open directory") {
      shim_open(here.number, name, shim_o_path | O_NOFOLLOW | O_CLOEXEC, 0)
    }
    let found = Descriptor(owning: number, path: here.path.appending(name))
    return try found.status().kind == .symbolicLink ? found : nil
  }

  private mutating func follow(_ link: Descriptor) throws(StorageError) {
    links += 1
    // As many as the kernel follows (path_resolution(7)).
    guard links <= 40 else { throw StorageError(errno: ELOOP, path.text, "cannot open directory") }
    let owner = try link.status().owner
    if owner != 0, owner != Process.userID { strangers.append((link.path, owner)) }
    let target = try SymbolicLink.target(of: link)
    rest += target.components.reversed()
    if target.isAbsolute { here = try FolderPath.start(true) }
  }
}
