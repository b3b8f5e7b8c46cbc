import StorageModel
import StorageOS

/// The prepared working copy of Qubes' layout.
extension FileBackend {
  /// Prepares the next working copy where that costs no space, as Qubes' driver does.
  func makePrecache(of files: VolumeFiles, in home: Folder) throws(StorageError) {
    guard let precache = files.precache else { return }
    let committed = try home.open(files.committed, flags: Descriptor.readOnly)
    let status = try committed.status()
    let temporary = "\(precache)~\(randomSuffix())"
    let file = try home.create(temporary, mode: status.permissions)
    guard try Copy.reflink(committed, to: file) else {
      try home.remove(temporary)
      return
    }
    try file.setModificationTime(status.timestamps.modification)
    try file.sync()
    try home.rename(temporary, to: precache)
    try home.sync()
  }
}

extension FileStatus {
  /// Whether this prepared copy still is one of `committed`: Qubes' driver compares time and size.
  func isPrecache(of committed: FileStatus) -> Bool {
    timestamps.modification == committed.timestamps.modification && size == committed.size
  }

  /// Whether it is one of `committed` beyond doubt: time and size can be those of another file that was put there, as a
  /// copy from a backup keeps them.
  ///
  /// The committed state had its name, which changed its inode, before the copy was made. A link to it changes that
  /// later, and costs a copy anew.
  func isCertainlyPrecache(of committed: FileStatus) -> Bool {
    guard isPrecache(of: committed), let birth = timestamps.birth else { return false }
    return birth >= committed.timestamps.change
  }
}
