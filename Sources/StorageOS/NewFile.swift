import CStorageShim
import Glibc
import StorageModel

extension Folder {
  /// Makes a file that appears under `name` only when `fill` has succeeded, and whole.
  ///
  /// Written without a name (O_TMPFILE), so that nobody else can reach it meanwhile; where the file system has no such
  /// files, under a temporary one (`name~XXXXXXXX`, which a crash can leave). Brought to disk, then named in one step;
  /// the folder is brought to disk before this returns. Where that fails a new file is removed again; one that replaced
  /// another stays, and the error says so.
  ///
  /// - Parameters:
  ///   - replacing: whether an existing file may be replaced; otherwise that is an error (`exists`).
  ///   - temporaryPrefix: what the temporary name starts with; the name itself where nil.
  ///   - naming: does the renaming that replaces a file, with whatever has to be done around it.
  ///   - fill: gets the empty file; whatever it throws removes the file. Other programs reach it by
  ///     `Descriptor.pathForChild`, never by a name, which whoever may write to the folder could give to something else.
  package func makeFile(
    _ name: String, mode: UInt32, replacing: Bool, temporaryPrefix: String? = nil,
    naming: (() throws(StorageError) -> Void) throws(StorageError) -> Void = {
      rename throws(StorageError) in try rename()
    },
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard !name.utf8.contains(UInt8(ascii: "/")) else {
      let (folder, last) = try place(of: name)
      return try folder.makeFile(
        last, mode: mode, replacing: replacing, temporaryPrefix: temporaryPrefix, naming: naming,
        fill: fill)
    }
    let temporary = "\(temporaryPrefix ?? name)~\(randomSuffix())"
    let unnamed = try openUnnamed(mode: mode, for: name)
    var hasName = unnamed == nil
    let file = if let unnamed { unnamed } else { try create(temporary, mode: mode) }
    do throws(StorageError) {
      try fill(file)
      try file.sync()
      if unnamed != nil {
        try link(file, to: replacing ? temporary : name)
        hasName = replacing
      }
      if hasName {
        try requireIdentity(of: temporary, with: file)
        try naming { () throws(StorageError) in
          try rename(temporary, to: name, exclusive: !replacing)
        }
      }
    } catch {
      var error = error
      if error.subject == path.appending(temporary).text {
        error.subject = path.appending(name).text
      }
      guard hasName else { throw error }
      throw error.undone { () throws(StorageError) in try remove(temporary) }
    }
    do throws(StorageError) { try confirm() } catch {
      guard !replacing else { throw error }
      throw error.undone { () throws(StorageError) in
        try requireIdentity(of: name, with: file)
        try remove(name)
      }
    }
  }

  /// Gives an open file a name in this folder; fails where that exists.
  func link(_ file: Descriptor, to name: String) throws(StorageError) {
    SystemCall.willChange("linkat")
    try SystemCall.run(path.appending(name).text, "cannot create") {
      shim_link_descriptor(file.number, descriptor.number, name)
    }
  }

  /// Sees to it that a name still is that of an open file.
  /// - Throws: `failure` where whoever else may write to the folder has given it to another file.
  package func requireIdentity(of name: String, with file: Descriptor) throws(StorageError) {
    guard try status(name)?.identity == file.status().identity else {
      throw StorageError(
        .failure, path.appending(name).text, "was replaced by another file in the meantime")
    }
  }

  /// Writes a small file whole: readers see the old content or the new.
  ///
  /// Removes what an interrupted writer of the same name left; writers of one name hold a lock, so nobody is
  /// writing it now.
  ///
  /// - Parameter heritage: whom it belongs to, and who may read it; nil for this user, by `mode`.
  package func write(
    _ content: String, to name: String, mode: UInt32 = 0o600, heritage: Heritage? = nil
  ) throws(StorageError) {
    try write(Array(content.utf8), to: name, mode: mode, heritage: heritage)
  }

  /// The same for bytes, which need be no text.
  package func write(
    _ content: [UInt8], to name: String, mode: UInt32 = 0o600, heritage: Heritage? = nil
  ) throws(StorageError) {
    try removeTemporaries(of: name)
    try makeFile(name, mode: heritage?.fileMode ?? mode, replacing: true) {
      file throws(StorageError) in
      try heritage?.give(file)
      try file.write(content)
    }
  }

  /// Writes a small file in the place of another, without waiting for the disk.
  ///
  /// For an instant there is none, or an empty one, which is also what a crash can leave; never a file of another name.
  package func replace(
    _ name: String, with content: String, mode: UInt32 = 0o600, heritage: Heritage? = nil
  ) throws(StorageError) {
    try remove(name)
    let mode = heritage?.fileMode ?? mode
    let unnamed = try openUnnamed(mode: mode, for: name)
    let file = if let unnamed { unnamed } else { try create(name, mode: mode) }
    try heritage?.give(file)
    try file.write(Array(content.utf8))
    if unnamed != nil { try link(file, to: name) }
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
      throw error.undone { () throws(StorageError) in try folder.remove(temporary) }
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
    try removeTemporaries { $0 == name }
  }

  /// Removes what interrupted writers of files left (`name~XXXXXXXX`) whose names are meant.
  package func removeTemporaries(_ isMeant: (String) -> Bool) throws(StorageError) {
    for name in try temporaries(isMeant) { try remove(name) }
  }

  /// What interrupted writers of such files left.
  package func temporaries(_ isMeant: (String) -> Bool) throws(StorageError) -> [String] {
    try entries().filter { entry in
      let bytes = Array(entry.name.utf8)
      return entry.kind != .folder && bytes.count > 9
        && bytes[bytes.count - 9] == UInt8(ascii: "~")
        && isMeant(String(decoding: bytes.dropLast(9), as: UTF8.self))
    }.map(\.name)
  }
}
