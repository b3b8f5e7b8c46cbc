import StorageModel
import StorageOS

extension Storage {
  /// What is asked of an upload.
  package struct UploadOptions: Sendable {
    /// Where in the volume it goes, and how much may come at most.
    package var part = ContentPart.all
    /// Whether the holes of what comes become holes in the volume; otherwise the volume keeps its blocks.
    package var isSparse = false
    package var check = ContentCheck()
    package init() {}
  }

  /// Writes what `source` gives, from its position on, into a volume's content; the rest and the size stay.
  ///
  /// The file of a volume that changes in place is written to directly. Of any other the new state is made beside the
  /// old one, a copy with the new part in it, and takes its place at the end; the old state becomes a revision. An
  /// image of a format other than raw may grow: its size is in its header.
  /// - Returns: also the checksum of what came, if it was asked for.
  /// - Throws: `badInput`, before the first byte where that can be known, for what would go past the end.
  package func upload(
    _ text: String, in poolText: String?, from source: Descriptor, _ options: UploadOptions
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Checksum?) {
    var sum: Checksum?
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      try checkIsNotItself(volume, source)
      // Looking for holes moves it.
      let start = source.position
      let limit = try uploadLimit(source, from: start, into: volume, options.part)
      try checkIsNoBase(volume, in: pool)
      try checkUnused(volume, backend, committed: .anyone, steps)
      func transfer(to target: Descriptor) -> Transfer {
        var transfer = Transfer(from: source, to: target)
        transfer.sourceStart = start
        transfer.targetStart = options.part.offset
        transfer.amount = .all(limit: limit)
        transfer.keepsBlocks = !options.isSparse
        return transfer
      }
      func write(to target: Descriptor) throws(StorageError) {
        var transfer = transfer(to: target)
        transfer.progress = steps.progress
        sum = try transfer.run(options.check, of: source.path.text).sum
      }
      // What cannot be read twice is verified while it is written, where that can be taken back.
      let isOneTime = try source.contentSize() == nil && options.check.expected != nil
      let isInPlace =
        volume.properties.kind == .inPlace && !(isOneTime && backend.replacesAtomically)
      if isInPlace || !backend.replacesAtomically, !isDryRun {
        // Before anything of the volume is touched: afterwards there is no way back.
        try transfer(to: source).examine(options.check, of: source.path.text)
      }
      if isInPlace { return try backend.changeCommitted(of: volume, steps, write) }
      let old = try backend.openCommitted(volume, revision: nil)
      let size = try old.contentSize() ?? volume.capacity
      try backend.replaceCommitted(of: volume, size: size, steps) { target throws(StorageError) in
        try Copy.contents(of: old, to: target, progress: steps.progress)
        try write(to: target)
      }
    }
    return (change, pool, name, sum)
  }

  /// How much may come; nil where there is no limit.
  private func uploadLimit(
    _ source: Descriptor, from start: ByteCount, into volume: Volume, _ part: ContentPart
  )
    throws(StorageError) -> ByteCount?
  {
    let size = volume.definition.physical ?? volume.capacity
    func refusal(_ what: String) -> StorageError {
      StorageError(
        .badInput, volume.subject,
        "cannot write \(what) byte \(part.offset.bytes) on: it has \(size.bytes) bytes")
    }
    guard part.offset <= size else { throw refusal("from") }
    let content = try source.contentSize().map { $0 - start }
    if let content, let length = part.length, content > length {
      throw StorageError(
        .badInput, source.path.text,
        "too much data: has \(content.bytes) bytes, expected at most \(length.bytes)")
    }
    let format = volume.definition.target.format
    guard format?.isRaw != false || volume.definition.kind == .block else { return part.length }
    let rest = size - part.offset
    if let content, content > rest { throw refusal("\(content.bytes) bytes from") }
    return min(rest, part.length ?? rest)
  }
}
