import Definitions
import Operations
import StorageBackend
import StorageModel

extension Tool {
  /// The volume that the arguments name, in its pool.
  /// - Parameter showing: whether it is only shown, so that what this user may not read of it can be left out.
  func volume(showing: Bool = false) throws(StorageError) -> (ActivePool, Volume) {
    try storage.volume(
      arguments.required("vol"), in: arguments.value("pool"), showing: showing)
  }

  /// All active pools, in the order of their names.
  /// - Parameter isWhole: becomes false where one cannot be looked at.
  func activePools(_ isWhole: inout Bool) throws(StorageError) -> [ActivePool] {
    let (records, warnings) = try storage.store.all()
    warnings.forEach(warn)
    var pools: [ActivePool] = []
    for record in records where record.isActive {
      do throws(StorageError) { pools.append(try storage.activePool(record.name.text)) } catch {
        warn("pool '\(record.name)': \(error.text)")
        isWhole = false
      }
    }
    return pools
  }

  /// With --if-exists a volume that is not in the pool that is named is a success without a change.
  ///
  /// A pool that is not there is none, nor is a volume without its pool: it may be somewhere else.
  func ifExists(
    volume text: String, in poolText: String?, _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    do throws(StorageError) { try body() } catch {
      guard arguments.has("if-exists"), error.missing == .volume else { throw error }
      let pool = try poolText.map { text throws(StorageError) in
        try storage.store.pool(matching: text).name
      }
      let name = text.hasPrefix("/") ? nil : VolumeName(found: text)
      try report(.none, pool: pool, volume: name, "Vol \(text) does not exist")
    }
  }
}

extension Volume {
  /// Where it is in its life, in words; nil where it is simply stopped.
  var stateInWords: String? {
    guard state == .running || state == .dirty else { return nil }
    return state.rawValue + (isOutdated ? ", outdated" : "")
  }

  /// The path of the device while the volume is started.
  func devicePath(in pool: ActivePool) -> String? {
    guard state == .running, let backend = try? pool.readingBackend() else { return nil }
    return backend.devicePath(of: self).text
  }

  /// Which state the committed one is, or that of a revision; nil also where this cannot be told.
  func stateID(in pool: ActivePool, at revision: Revision? = nil) -> StateID? {
    do throws(StorageError) { return try pool.stateID(of: self, at: revision) } catch {
      // As of a file that this user may not read. Whoever needs to know which it is takes none.
      return nil
    }
  }

  /// Everything scripts are told of a volume.
  /// - Parameter chain: the images below it, where they were looked at.
  func json(in pool: ActivePool, chain: [BackingImage]? = nil) -> JSON {
    .object(
      Volume.columns(in: pool).map { ($0.name, $0.value(self)) }
        + (chain.map { [("backing_chain", .array($0.map(\.json)))] } ?? []))
  }
}

extension BackingImage {
  /// What scripts are told of an image below a volume.
  fileprivate var json: JSON {
    .object([
      ("path", .string(path)), ("format", .text(format?.rawValue)),
      ("pool", .text(pool?.text)), ("volume", .text(volume?.text)), ("problem", .text(problem)),
    ])
  }
}
