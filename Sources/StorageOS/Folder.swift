import CStorageShim
import Glibc
import StorageModel

/// An open folder; everything below it is reached from the held descriptor.
///
/// Names are relative (`a`, `a/b`), stay beneath the folder and never pass through a symbolic link: openat2(2)
/// resolves them, so nobody can swap a component between a check and its use.
package final class Folder: Sendable {
  package let descriptor: Descriptor
  package var path: Path { descriptor.path }

  /// One name in a folder.
  package struct Entry: Sendable {
    package let name: String
    package let kind: FileStatus.Kind?
  }

  /// Opens a folder by its path.
  ///
  /// Symbolic links in it are followed where nobody can have planted them: those of root, of this user, and of the
  /// owner of the folder that they lead to.
  /// - Throws: `permission` for any other link.
  package init(opening path: Path) throws(StorageError) {
    let number = shim_open_without_links(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number < 0 else {
      descriptor = Descriptor(owning: number, path: path)
      return
    }
    let code = errno
    guard code == ELOOP || code == EINTR || code == EAGAIN else {
      throw StorageError(errno: code, path.text, "cannot open directory")
    }
    descriptor = try FolderPath(path).open()
  }

  private init(_ descriptor: Descriptor) { self.descriptor = descriptor }

  /// As `init(opening:)`; nil where there is none.
  package static func ifPresent(_ path: Path) throws(StorageError) -> Folder? {
    try absentAsNil { () throws(StorageError) in try Folder(opening: path) }
  }

  /// The folder `name` below this one.
  package func folder(_ name: String) throws(StorageError) -> Folder {
    Folder(try open(name, flags: O_RDONLY | O_DIRECTORY, problem: "cannot open directory"))
  }

  /// The folder `name` below this one, or nil where there is none.
  package func folderIfPresent(_ name: String) throws(StorageError) -> Folder? {
    try Folder.absentAsNil { () throws(StorageError) in try folder(name) }
  }

  /// Opens a file below the folder.
  ///
  /// Never blocks on a FIFO.
  package func open(_ name: String, flags: Int32, problem: String = "cannot open")
    throws(StorageError) -> Descriptor
  {
    let path = path.appending(name)
    // openat2 refuses flags that mean nothing together with O_PATH.
    let safety = flags & shim_o_path != 0 ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let number = try SystemCall.run(path.text, problem) {
      shim_open_beneath(descriptor.number, name, flags | safety, 0)
    }
    return Descriptor(owning: number, path: path)
  }

  /// Opens a file for reading, or nil where there is none.
  package func openIfPresent(_ name: String) throws(StorageError) -> Descriptor? {
    try Folder.absentAsNil { () throws(StorageError) in try open(name, flags: O_RDONLY) }
  }

  /// The status of a file below the folder, of a symbolic link itself; nil where there is none.
  package func status(_ name: String) throws(StorageError) -> FileStatus? {
    try Folder.absentAsNil { () throws(StorageError) in
      guard name.utf8.contains(UInt8(ascii: "/")) else {
        return try FileStatus(
          descriptor: descriptor.number, name: name, follow: false,
          described: path.appending(name))
      }
      return try open(name, flags: shim_o_path | O_NOFOLLOW).status()
    }
  }

  /// The names in the folder without `.` and `..`, in no order; names that are not UTF-8 are left out.
  package func entries() throws(StorageError) -> [Entry] {
    var undecodable = 0
    return try entries(undecodable: &undecodable)
  }

  /// As `entries()`, and counts the names that are not UTF-8.
  package func entries(undecodable: inout Int) throws(StorageError) -> [Entry] {
    let copy = try SystemCall.run(path.text, "cannot open directory") {
      shim_open(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    }
    guard let stream = fdopendir(copy) else {
      let number = errno
      close(copy)
      throw StorageError(errno: number, path.text, "cannot read directory")
    }
    defer { closedir(stream) }
    var found: [Entry] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        let number = errno
        guard number == 0 else {
          throw StorageError(errno: number, path.text, "cannot read directory")
        }
        return found
      }
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return found }
      let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
      guard let name = String(validatingCString: start) else {
        undecodable += 1
        continue
      }
      guard name != ".", name != ".." else { continue }
      found.append(Entry(name: name, kind: kind(ofType: entry.pointee.d_type)))
    }
  }

  /// The folder that the last component of `name` is in, reached without following a link, and that component.
  ///
  /// The calls that change names know no RESOLVE_BENEATH, so they are only given single components.
  func place(of name: String) throws(StorageError) -> (folder: Folder, name: String) {
    guard let (folder, last) = name.cut(atLast: "/") else { return (self, name) }
    return (try self.folder(String(folder)), String(last))
  }

  /// Makes a folder; an existing one is left as it is.
  /// - Returns: whether it was made.
  @discardableResult
  package func makeFolder(_ name: String, mode: UInt32) throws(StorageError) -> Bool {
    let (folder, last) = try place(of: name)
    SystemCall.willChange("mkdirat")
    if mkdirat(folder.descriptor.number, last, mode) == 0 { return true }
    let number = errno
    guard number == EEXIST, let present = try status(name) else {
      throw StorageError(errno: number, path.appending(name).text, "cannot create directory")
    }
    guard present.kind == .folder else {
      throw StorageError(errno: ENOTDIR, path.appending(name).text, "cannot open directory")
    }
    return false
  }

  /// Removes a file.
  /// - Returns: false where there was none.
  @discardableResult
  package func remove(_ name: String) throws(StorageError) -> Bool {
    try remove(name, flags: 0, problem: "cannot remove")
  }

  /// Removes an empty folder.
  /// - Returns: false where there was none.
  @discardableResult
  package func removeFolder(_ name: String) throws(StorageError) -> Bool {
    try remove(name, flags: AT_REMOVEDIR, problem: "cannot remove directory")
  }

  private func remove(_ name: String, flags: Int32, problem: String) throws(StorageError) -> Bool {
    try Folder.absentAsNil { () throws(StorageError) -> Int32 in
      let (folder, last) = try place(of: name)
      SystemCall.willChange("unlinkat")
      return try SystemCall.run(path.appending(name).text, problem) {
        unlinkat(folder.descriptor.number, last, flags)
      }
    } != nil
  }

  /// Renames a file to `newName` in `folder`, replacing what is there unless `exclusive`.
  package func rename(
    _ name: String, to newName: String, in folder: Folder? = nil, exclusive: Bool = false
  ) throws(StorageError) {
    let target = folder ?? self
    let (from, last) = try place(of: name)
    let (to, newLast) = try target.place(of: newName)
    SystemCall.willChange("renameat2")
    do throws(StorageError) {
      try SystemCall.run(
        path.appending(name).text, "cannot rename to '\(target.path.appending(newName))'"
      ) {
        shim_rename(
          from.descriptor.number, last, to.descriptor.number, newLast, exclusive ? 1 : 0)
      }
    } catch {
      // NFS has no such renaming, but links, which replace nothing either.
      guard exclusive, error.number == EINVAL else { throw error }
      guard try status(name)?.kind != .folder else {
        guard try target.status(newName) == nil else {
          throw StorageError(errno: EEXIST, error.subject, error.problem)
        }
        return try rename(name, to: newName, in: folder)
      }
      try link(name, to: newName, in: target)
      do throws(StorageError) { try remove(name) } catch {
        throw error.undone { () throws(StorageError) in try target.remove(newName) }
      }
    }
  }

  /// Gives the file `name` a second name; fails where that exists.
  package func link(_ name: String, to newName: String, in folder: Folder) throws(StorageError) {
    let (from, last) = try place(of: name)
    let (to, newLast) = try folder.place(of: newName)
    SystemCall.willChange("linkat")
    try SystemCall.run(
      path.appending(name).text, "cannot link to '\(folder.path.appending(newName))'"
    ) {
      linkat(from.descriptor.number, last, to.descriptor.number, newLast, 0)
    }
  }

  /// Waits until the names in the folder are on disk.
  package func sync() throws(StorageError) { try descriptor.sync() }

  /// The same behind a change of names that is made, whatever comes of this: an error says so.
  package func confirm() throws(StorageError) { try descriptor.confirm() }

  private func kind(ofType type: UInt8) -> FileStatus.Kind? {
    switch Int(type) {
    case Int(DT_REG): return .regular
    case Int(DT_DIR): return .folder
    case Int(DT_LNK): return .symbolicLink
    case Int(DT_BLK): return .blockDevice
    case Int(DT_UNKNOWN): return nil
    default: return .other
    }
  }

  private static func absentAsNil<Value>(_ body: () throws(StorageError) -> Value)
    throws(StorageError) -> Value?
  {
    do throws(StorageError) {
      return try body()
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }
}

extension Folder {
  /// Opens a regular file below the folder for reading and writing.
  /// - Throws: `badInput` where it is something else.
  package func openForWriting(_ name: String) throws(StorageError) -> Descriptor {
    let file = try open(name, flags: O_RDWR | O_NOFOLLOW)
    guard try file.status().kind == .regular else {
      throw StorageError(.badInput, file.path.text, "is not a regular file")
    }
    return file
  }
}
