import Definitions
import StorageBackend
import StorageModel
import StorageOS

/// Finding a volume by where a path leads, not by its text.
extension Storage {
  /// The volume of an active pool that a path leads to, whatever the path is: over links, `.` and `..`, another name of
  /// the pool's folder, another node of a device; nil where it is none.
  /// - Throws: also where it is in none of the pools whose definitions could be read, and some could not.
  func volume(at path: Path) throws(StorageError) -> (ActivePool, Volume)? {
    // Whoever uses the path says why it leads nowhere.
    guard let status = try FileStatus.known(path) else { return nil }
    func found(_ path: Path, in record: PoolRecord) throws(StorageError) -> (ActivePool, Volume)? {
      let pool = try activePool(record)
      guard let name = try pool.backend.volumeName(forPath: path) else { return nil }
      let volume = try ServerWatch.look { () throws(StorageError) in try pool.volume(name) }
      guard let volume, let own = volume.definition.target.path,
        try FileStatus.known(own)?.object == status.object
      else { return nil }
      return (pool, volume)
    }
    let (pools, unread) = try store.withUnread()
    let records = pools.filter(\.isActive)
    for record in records {
      if let found = try found(path, in: record) { return found }
    }
    guard let real = try Process.realPath(path) else { return nil }
    // The folders above it, the nearest first, by what they are.
    var above: [(path: Path, object: FileObject)] = []
    var folder = real.parent
    while folder.text != "/", folder.text != "." {
      if let object = try FileStatus.known(folder)?.object { above.append((folder, object)) }
      folder = folder.parent
    }
    for record in records {
      guard record.definition.type.hasTarget, let target = record.definition.target.path,
        let object = try FileStatus.known(target)?.object,
        let place = above.first(where: { $0.object == object })?.path,
        let below = real.relative(to: place)
      else { continue }
      if let found = try found(target.appending(below), in: record) { return found }
    }
    for record in status.kind == .blockDevice ? records : [] {
      let pool = try activePool(record)
      guard !pool.backend.can(.overlays) else { continue }
      let volumes = try ServerWatch.look { () throws(StorageError) in try pool.volumes().volumes }
      for volume in volumes {
        guard let own = volume.definition.target.path,
          try FileStatus.known(own)?.object == status.object
        else { continue }
        return (pool, volume)
      }
    }
    if let unread { throw unread }
    return nil
  }
}
