import CStorageShim
import Glibc
import StorageModel

extension Folder {
  /// Makes a file that appears under `name` only when `fill` has succeeded, and whole.
  ///
  /// Written without a name (O_TMPFILE) or under a temporary one (`name~XXXXXXXX`, which a crash can leave),
  /// brought to disk, then named in one step; the folder is brought to disk before this returns.
  ///
  /// - Parameters:
  ///   - replacing: whether an existing file may be replaced; otherwise that is an error (`exists`).
  ///   - named: whether the file has a name while it is written, for programs that need its path.
  ///   - temporaryPrefix: what the temporary name starts with; the name itself where nil.
  ///   - fill: gets the empty file; whatever it throws removes the file.
  package func makeFile(
    _ name: String, mode: UInt32, replacing: Bool, named: Bool = false,
    temporaryPrefix: String? = nil,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard !name.utf8.contains(UInt8(ascii: "/")) else {
      let (folder, last) = try place(of: name)
      return try folder.makeFile(
        last, mode: mode, replacing: replacing, named: named, temporaryPrefix: temporaryPrefix,
        fill: fill)
    }
    if !replacing, !named, let unnamed = try openUnnamed(mode: mode, for: name) {
      try fill(unnamed)
      try unnamed.sync()
      SystemCall.willChange("linkat")
      try SystemCall.run(path.appending(name).text, "cannot create") {
        shim_link_descriptor(unnamed.number, descriptor.number, name)
      }
      return try sync()
    }
    let temporary = "\(temporaryPrefix ?? name)~\(randomSuffix())"
    let file = try create(temporary, mode: mode)
    do throws(StorageError) {
      try fill(file)
      try file.sync()
      try rename(temporary, to: name, exclusive: !replacing)
    } catch {
      var error = error
      if error.subject == path.appending(temporary).text {
        error.subject = path.appending(name).text
      }
      do throws(StorageError) { try remove(temporary) } catch let undo {
        error.failedUndo.append(undo.text)
      }
      throw error
    }
    try sync()
  }

  /// Writes a small file whole: readers see the old content or the new.
  ///
  /// Removes what an interrupted writer of the same name left; writers of one name hold a lock, so nobody is
  /// writing it now.
  package func write(_ content: String, to name: String, mode: UInt32 = 0o600)
    throws(StorageError)
  {
    try removeTemporaries(of: name)
    try makeFile(name, mode: mode, replacing: true) { file throws(StorageError) in
      try file.write(Array(content.utf8))
    }
  }

  /// Creates an empty file under its own name; fails where the name exists.
  package func create(_ name: String, mode: UInt32) throws(StorageError) -> Descriptor {
    SystemCall.willChange("openat")
    let path = path.appending(name)
    let number = try SystemCall.run(path.text, "cannot create") {
      shim_open_beneath(
        descriptor.number, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    }
    return Descriptor(owning: number, path: path)
  }

  /// A file without a name, or nil where the file system has none.
  fileprivate func openUnnamed(mode: UInt32, for name: String) throws(StorageError) -> Descriptor? {
    SystemCall.willChange("openat")
    let number = shim_open(descriptor.number, ".", shim_o_tmpfile | O_RDWR | O_CLOEXEC, mode)
    if number >= 0 { return Descriptor(owning: number, path: path.appending(name)) }
    let code = errno
    // Without O_TMPFILE support the flag's O_DIRECTORY part makes the open fail with one of these.
    if [EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(code) { return nil }
    throw StorageError(errno: code, path.appending(name).text, "cannot create")
  }
}

/// Eight letters for a temporary name.
package func randomSuffix() -> String {
  var generator = SystemRandomNumberGenerator()
  let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
  return String((0..<8).map { _ in letters[Int.random(in: 0..<36, using: &generator)] })
}

extension Folder {
  /// Makes a symbolic link, replacing one of that name in one step.
  package func makeSymbolicLink(_ name: String, to target: String) throws(StorageError) {
    let (folder, last) = try place(of: name)
    try folder.removeTemporaries(of: last)
    let temporary = "\(last)~\(randomSuffix())"
    SystemCall.willChange("symlinkat")
    try SystemCall.run(path.appending(name).text, "cannot create link") {
      symlinkat(target, folder.descriptor.number, temporary)
    }
    do throws(StorageError) { try folder.rename(temporary, to: last) } catch {
      var error = error
      do throws(StorageError) { try folder.remove(temporary) } catch let undo {
        error.failedUndo.append(undo.text)
      }
      throw error
    }
  }
}

extension Folder {
  /// A file without a name for trying things out, or nil where the file system has none.
  package func openScratch() throws(StorageError) -> Descriptor? {
    try openUnnamed(mode: 0o600, for: "")
  }
}

extension Folder {
  private func removeTemporaries(of name: String) throws(StorageError) {
    let length = name.utf8.count + 9
    for entry in try entries()
    where entry.name.utf8.count == length && entry.name.hasPrefix(name + "~") {
      try remove(entry.name)
    }
  }
}
