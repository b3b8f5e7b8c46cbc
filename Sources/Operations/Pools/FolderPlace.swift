import StorageModel
import StorageOS

/// Where a folder is, so that two are told to be the same whatever they are called.
///
/// Symbolic links, bind mounts and other spellings lead to one place. No server is asked: one that is gone must keep
/// nobody from defining other pools.
struct FolderPlace: Equatable {
  /// What is known to be there.
  private enum Anchor: Equatable {
    /// The deepest folder that exists.
    case folder(FileStatus.Identity)
    /// The file system of a server, by its number on this machine.
    case served(device: String)
    /// Nothing could be asked, so that the path itself has to do.
    case text
  }

  private let anchor: Anchor
  /// The names that follow it, as bytes; none for a folder that exists.
  private let rest: [[UInt8]]

  /// - Throws: where that cannot be told, unless it is because this user may not look there.
  init(_ path: Path, mounts: MountTable) throws(StorageError) {
    if mounts.hasRemote {
      let real = try mounts.withoutLinks(path)
      if let mount = mounts.mount(holding: real), mount.isRemote {
        anchor = .served(device: mount.device)
        let below = real.relative(to: mount.target).map { Path($0).components } ?? []
        rest = (mount.root.components + below).map { Array($0.utf8) }
        return
      }
    }
    var here = path
    var below: [[UInt8]] = []
    while true {
      do throws(StorageError) {
        anchor = .folder(try FileStatus(known: here).identity)
        rest = below.reversed()
        return
      } catch {
        if error.code == .permission || error.isUnfollowedLink || here.text == "/" { break }
        guard error.isAbsence else { throw error }
        below.append(Array(here.lastComponent.utf8))
        here = here.parent
      }
    }
    anchor = .text
    rest = try mounts.withoutLinks(path).components.map { Array($0.utf8) }
  }

  /// Whether a folder is another one or lies in it.
  ///
  /// What does not exist yet is looked at from its first parent that does.
  static func isSameOrBelow(_ path: Path, _ folder: Path, mounts: MountTable) throws(StorageError)
    -> Bool
  {
    let wanted = try FolderPlace(folder, mounts: mounts)
    var here = try mounts.withoutLinks(path)
    while true {
      if try FolderPlace(here, mounts: mounts) == wanted { return true }
      if here.text == "/" { return false }
      here = here.parent
    }
  }
}
