import Definitions
import StorageModel
import StorageOS

extension Storage {
  /// Tells whoever waits for events that one happened which leaves no other trace.
  ///
  /// The file is made and removed at once: those who watch its folder see its name appear. Where nobody ever watched
  /// there is no folder, and nothing to do. Never fails: the change is done, whether or not anybody hears of it.
  func tell(_ what: PoolEvent.What, of pool: PoolName) {
    guard !isDryRun, let path = try? PoolEvent.folder(of: what, host: host),
      let folder = try? Folder(opening: path)
    else { return }
    // One that a crash left would be in the way.
    _ = try? folder.remove(pool.text)
    _ = try? folder.create(pool.text, mode: 0o600)
    _ = try? folder.remove(pool.text)
  }
}
