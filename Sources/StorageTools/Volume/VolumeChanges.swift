import Operations
import StorageModel
import StorageOS

extension Parameter {
  static let reserve = Parameter.named(
    "reserve", "PERCENT", "Share of a thin pool to keep free, in percent (5).")
}

extension Tool {
  /// The volumes that are named, and their pool.
  ///
  /// Without `--pool` the last of several bare words is the pool, as it is after one volume, unless it is a path.
  func namedVolumes() -> (names: [String], pool: String?) {
    var names = arguments.all("vol")
    if let pool = arguments.value("pool") { return (names, pool) }
    guard names.count > 1, names.last?.hasPrefix("/") == false else { return (names, nil) }
    let pool = names.removeLast()
    return (names, pool)
  }

  /// What was done with one of several volumes.
  struct VolumeChange {
    let volume: VolumeName
    let change: Storage.Change
    let message: String
    /// What scripts are told beside that.
    let more: (String, JSON)?

    init(
      _ volume: VolumeName, _ change: Storage.Change, _ message: String,
      _ more: (String, JSON)? = nil
    ) {
      self.volume = volume
      self.change = change
      self.message = message
      self.more = more
    }
  }

  /// Reports changes that were made one by one.
  func report(_ changes: [VolumeChange], in pool: PoolName) throws(StorageError) {
    guard changes.count != 1 || !wantsJSON else {
      return try report(changes[0].change, in: pool, changes)
    }
    guard wantsJSON else {
      for one in changes { try report(one.change, pool: pool, volume: one.volume, one.message) }
      return
    }
    var all = Storage.Change(
      isChanged: changes.contains { $0.change.isChanged }, told: changes.flatMap(\.change.told))
    all.warnings = changes.flatMap(\.change.warnings)
    try report(all, in: pool, changes)
  }

  /// Reports one change of several volumes: of one volume as any other change, else with a list of all of them.
  func report(_ change: Storage.Change, in pool: PoolName, _ changes: [VolumeChange])
    throws(StorageError)
  {
    if let only = changes.first, changes.count == 1 {
      return try report(
        change, pool: pool, volume: only.volume, only.message, more: only.more.map { [$0] } ?? [])
    }
    let list = changes.map { one -> JSON in
      .object(
        [
          ("volume", .string(one.volume.text)),
          ("changed", .boolean(one.change.isChanged && !isDryRun)),
          ("message", .string(one.message)),
        ] + (one.more.map { [$0] } ?? []))
    }
    try report(
      change, pool: pool, changes.map(\.message).joined(separator: "\n"),
      more: [("volumes", .array(list))])
  }

  /// Writes an error that is not the last word.
  func complain(_ error: StorageError) {
    ProgressLine.erase()
    let mark = Terminal.errors.coloured("\(command.name):", .red)
    try? Process.standardError.write(Array("\(mark) \(error.text.escaped)\n".utf8))
  }
}
