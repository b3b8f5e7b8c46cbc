import StorageModel

/// What a path leads to, the same for every path that leads there.
package enum FileObject: Hashable, Sendable {
  case file(FileStatus.Identity)
  /// A block device, whichever of its nodes is meant.
  case device(DeviceNumber)
}

extension FileStatus {
  package var object: FileObject {
    kind == .blockDevice ? .device(device) : .file(identity)
  }

  /// As `init(known:)`; nil where the path leads nowhere, or only for others than this user.
  package static func known(_ path: Path) throws(StorageError) -> FileStatus? {
    do throws(StorageError) { return try FileStatus(known: path) } catch {
      if error.leadsNowhere || error.code == .permission { return nil }
      throw error
    }
  }
}
