import StorageModel
import StorageOS

extension Descriptor {
  /// Takes over owner, group and mode of another file, as far as this user may; not what would make a program of it.
  func adopt(_ status: FileStatus) throws(StorageError) {
    let own = try self.status()
    var mode = status.permissions
    if own.owner != status.owner || own.group != status.group {
      do throws(StorageError) { try setOwner(status.owner, group: status.group) } catch {
        guard error.code == .permission, !Process.isRoot else { throw error }
        // What another user owned belongs to this one now; to no group that is not the same.
        if own.group != status.group {
          do throws(StorageError) { try setOwner(nil, group: status.group) } catch {
            guard error.code == .permission else { throw error }
            mode &= 0o707
          }
        }
      }
    }
    if own.mode != mode { try setMode(mode) }
  }
}
