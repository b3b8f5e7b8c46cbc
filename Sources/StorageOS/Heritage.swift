import Glibc
import StorageModel

/// Whom files belong to that are made below somebody's folder: whoever may change the folder may change them too.
///
/// Owner, group and mode are the folder's. A folder with the set-group-ID bit hands its group on by itself; elsewhere
/// this user can give files to a group of its own, and root to anybody.
package struct Heritage: Sendable {
  private let owner: UInt32
  private let group: UInt32
  private let mode: UInt32

  /// - Parameter folder: the status of the folder that all of it lies below.
  package init(of folder: FileStatus) {
    owner = folder.owner
    group = folder.group
    mode = folder.mode
  }

  /// The mode of folders.
  package var folderMode: UInt32 { mode & 0o3777 | 0o700 }
  /// The mode of files that whoever reads the folder may read.
  package var fileMode: UInt32 { mode & 0o666 | 0o600 }
  /// The mode of files that only those may open who may change the folder: whoever holds a lock keeps others waiting.
  package var lockMode: UInt32 { mode & 0o222 | (mode & 0o222) << 1 | 0o600 }
  /// What is added to the mode of files that hold content: the group's, where the folder is made to be shared by one.
  package var sharedMode: UInt32 { mode & 0o2020 == 0o2020 ? 0o060 : 0 }

  /// The owner that root gives files to; nil for itself.
  private var newOwner: UInt32? { Process.isRoot && owner != 0 ? owner : nil }
  /// The group that files have to be given to; nil where they have theirs already.
  private var newGroup: UInt32? {
    if mode & 0o2000 != 0 { return nil }
    if Process.isRoot { return owner == 0 && group == 0 ? nil : group }
    return mode & 0o020 != 0 && group != Process.groupID ? group : nil
  }

  fileprivate var givesAway: Bool { newOwner != nil || newGroup != nil }

  /// Gives away a file or an empty folder that was just made.
  /// - Parameter wanted: the owner and the group that it must get instead, where it says.
  package func give(_ file: Descriptor, as wanted: Permissions = Permissions())
    throws(StorageError)
  {
    try file.setOwner(wanted.owner, group: wanted.group)
    let owner = wanted.owner == nil ? newOwner : nil
    let group = wanted.group == nil ? newGroup : nil
    do throws(StorageError) { try file.setOwner(owner, group: group) } catch {
      // A group that this user is not in: its rights are for no other group.
      guard error.code == .permission, !Process.isRoot else { throw error }
      try file.setMode(file.status().mode & 0o7707)
    }
  }
}

extension Permissions {
  /// What this process can give to files that it makes: what a user makes belongs to that user, and a group that the
  /// user is not in gets no rights.
  package var givable: Permissions {
    var given = self
    if let owner, !Process.isRoot, owner != Process.userID { given.owner = nil }
    if let group, !Process.mayGive(toGroup: group) {
      given.group = nil
      given.mode = mode.map { $0 & 0o7707 }
    }
    return given
  }
}

extension Folder {
  /// Makes `name` and its parents below this folder, as the heritage says, and opens it.
  package func makeFolders(_ name: String, _ heritage: Heritage) throws(StorageError) -> Folder {
    if let present = try folderIfPresent(name) { return present }
    var folder = self
    for part in name.split(separator: "/").map(String.init) {
      let isNew = try folder.makeFolder(part, mode: heritage.folderMode)
      let parent = folder
      folder = try parent.folder(part)
      guard isNew else { continue }
      try folder.settle(heritage)
      try parent.sync()
    }
    return folder
  }

  /// Gives a new folder to whom it belongs.
  private func settle(_ heritage: Heritage) throws(StorageError) {
    let status = try descriptor.status()
    // The kernel takes no set-group-ID bit from mkdir(2).
    let isRight = status.mode == heritage.folderMode
    guard !isRight || heritage.givesAway, status.owner == Process.userID else { return }
    // Whoever owns the folder above can have put another one in its place; one with nothing in it does no harm.
    guard try entries().isEmpty else { return }
    try heritage.give(descriptor)
    if !isRight { try descriptor.setMode(heritage.folderMode) }
  }
}
