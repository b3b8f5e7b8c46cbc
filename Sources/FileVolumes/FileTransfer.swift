import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Writing into a volume's file.
extension FileBackend {
  /// A new state is written beside the old one and takes its place in one rename.
  package var replacesAtomically: Bool { true }

  package func changeCommitted(
    of volume: Volume, in part: Range<Int64>, _ steps: Steps,
    _ change: (Descriptor) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    let files = files(volume.name)
    try pinFormat(of: volume, steps)
    try steps.run("write into '\(path(of: volume.name))'") { () throws(StorageError) in
      try prepareChange(of: files)
      try checkStillUnused(volume.name, steps)
      let file = try home(of: files).openForWriting(files.committed)
      let size = try file.status().size
      try changeContent(of: files, as: .upload(part), size: size) { () throws(StorageError) in
        let end = try change(file)
        try mark(file)
        try file.sync()
        return end
      }
    }
  }

  /// Runs `body`, which writes over the content in place and brings that to disk; the record says meanwhile that it is
  /// half done, so that whatever interrupts it, the volume is known to be incomplete.
  /// - Parameters:
  ///   - size: how much content there is.
  ///   - body: returns where it stopped, if that need not be the end of what was to be changed.
  func changeContent(
    of files: VolumeFiles, as change: UnfinishedChange, size: ByteCount,
    _ body: () throws(StorageError) -> ByteCount?
  ) throws(StorageError) {
    let before = try begin(change, of: files)
    let end: ByteCount?
    do throws(StorageError) { end = try body() } catch {
      var error = error
      error.hint = error.hint ?? "The content of volume '\(files.name)' is incomplete now."
      throw error
    }
    try Steps.finish { () throws(StorageError) in
      try setUnfinished(before?.rest(after: change.ended(at: end), size: size), of: files)
    }
  }

  /// Records that the content is being written over.
  /// - Returns: what was recorded of that before.
  @discardableResult
  func begin(_ change: UnfinishedChange, of files: VolumeFiles) throws(StorageError)
    -> UnfinishedChange?
  {
    var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
    let before = record.unfinished
    let text = try recordText(of: files)
    record.unfinished = change
    do throws(StorageError) { try store(record, for: files) } catch {
      // Nothing is half done yet.
      throw error.undone { () throws(StorageError) in try putBack(text, for: files) }
    }
    return before
  }

  /// Records what of the content is half done; a record that says nothing more goes.
  func setUnfinished(_ change: UnfinishedChange?, of files: VolumeFiles) throws(StorageError) {
    guard var record = try self.record(of: files, in: folder()), record.unfinished != change
    else { return }
    record.unfinished = change
    if record == VolumeRecord() {
      try removeRecord(of: files)
    } else {
      try store(record, for: files)
    }
  }
}
