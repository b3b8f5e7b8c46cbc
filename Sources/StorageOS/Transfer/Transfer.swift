import StorageModel

/// One copy of content between two open ends, whatever they are: files, block devices, pipes, sockets.
///
/// All of a volume into a new file, or over a device, is
/// `try Transfer(from: source, to: target, progress: steps.progress).run()`; a block device is opened by
/// `Descriptor(claiming:)`, which refuses one that is mounted, and synced afterwards with `syncData()`. How it is done follows
/// from the ends:
///
/// | from | to | how |
/// |---|---|---|
/// | a whole file | an empty file | FICLONE where the file system can |
/// | file | file | copy_file_range(2), else through memory; only the data segments (SEEK_DATA) |
/// | file | pipe, socket | sendfile(2), which splices; holes as zeroes |
/// | device, pipe, file that hides its holes (CIFS) | any | through memory; runs of zeroes are found and treated as holes |
///
/// Holes and runs of zeroes are left out where the target is known to read as zeroes, and made there otherwise (see
/// `before`). Takes a few MiB of memory, whatever the size. Looks for requests to stop (`Interruption`).
///
/// The target is not synced: whoever gives the result its name does that first, as `Folder.makeFile` does.
package struct Transfer {
  /// What the target holds where content will go.
  package enum Before: Sendable {
    /// Nothing but zeroes: an empty file; a device only where its maker guarantees it, as a new thin volume's does.
    case zeroes
    /// Anything. Zeroes are made, never skipped. A file only grows: what lies behind the content stays.
    case unknown
  }

  /// How much content is wanted.
  package enum Amount: Equatable, Sendable {
    /// All there is; more than the limit, where there is one, is an error.
    case all(limit: ByteCount?)
    /// So much, and then the source must end.
    case exactly(ByteCount)
    /// So much, of a source that may go on.
    case first(ByteCount)
  }

  private let source: Descriptor
  private let target: Descriptor
  /// Where content begins in a source that has a size.
  package var sourceStart: ByteCount = 0
  /// Where it goes in a target that has a size.
  package var targetStart: ByteCount = 0
  package var amount = Amount.all(limit: nil)
  /// nil: zeroes for an empty file and a device that is known to read as zeroes, else unknown.
  package var before: Before?
  /// Whether zeroes that are made in the target keep the blocks that are there.
  package var keepsBlocks = false
  /// What was read off a stream before, to look at it.
  package var prefix: [UInt8] = []
  /// Sees every byte of the content, zeroes included, in order.
  package var digest: (any ContentDigest)?
  /// Puts a decoder on top of the source.
  package var decode: ((any ContentSource) throws(StorageError) -> any ContentSource)?
  /// Puts an encoder on top of the target.
  package var encode: ((any ContentSink) throws(StorageError) -> any ContentSink)?
  package var progress: Progress?

  package init(from source: Descriptor, to target: Descriptor, progress: Progress? = nil) {
    self.source = source
    self.target = target
    self.progress = progress
  }

  /// What came of a transfer.
  package struct Result: Equatable, Sendable {
    /// How much content there was, after decoding, zeroes included.
    package let size: ByteCount
    /// Where the next byte would go in a target that has positions.
    package let end: ByteCount
    /// Whether the target shares the source's blocks.
    package let isReflink: Bool
  }

  /// Copies.
  /// - Throws: `badInput` where the source has less or more than `amount` says, before the first byte where its size
  ///   is known; `noSpace` where a device is too small, likewise; `interrupted`; the system's errors. What was written
  ///   until then stays.
  @discardableResult
  package func run() throws(StorageError) -> Result {
    let from = try TransferEnd(source)
    let to = try TransferEnd(target)
    let available = decode == nil ? from.size.map { $0 - sourceStart } : nil
    let expected = try self.expected(of: available)
    if to.kind == .device, let size = to.size, let expected, encode == nil {
      guard let end = targetStart.adding(expected), end <= size else {
        throw StorageError(
          .noSpace, target.path.text,
          "has \(size.bytes) bytes, but \(expected.bytes) are to be written"
            + (targetStart > 0 ? " from byte \(targetStart.bytes) on" : ""))
      }
    }
    let isEmpty = to.kind == .file ? to.size == 0 : target.readsAsZeroes
    let before = self.before ?? (isEmpty ? .zeroes : .unknown)
    progress?.begin("copy", total: expected)
    let isPlain = decode == nil && encode == nil
    if isPlain, from.kind == .file, to.kind == .file, to.size == 0,
      sourceStart == 0, targetStart == 0, expected == from.size,
      try Copy.reflink(source, to: target)
    {
      if digest != nil { try pump(from, expected, to: NullSink()) }
      progress?.finish(from.size?.bytes ?? 0, moved: 0)
      return Result(size: from.size ?? 0, end: from.size ?? 0, isReflink: true)
    }
    if to.kind == .file, before == .zeroes, let expected, encode == nil {
      // Set first, so that a file that may not grow so far is noticed at once.
      let end = targetStart + expected
      if let size = to.size, size < end { try target.setSize(end) }
    }
    if from.kind == .file { try source.flushBeforeReading() }
    if isPlain, digest == nil, from.tellsHoles, let expected {
      let range = sourceStart.bytes..<sourceStart.bytes + expected.bytes
      var copy: KernelCopy?
      if to.kind == .file {
        let sink = FileSink(to, at: targetStart.bytes, before: before, keepsBlocks: keepsBlocks)
        copy = KernelCopy(FileSource(source, range), to: sink, progress)
      } else if to.kind == .stream {
        copy = KernelCopy(FileSource(source, range), to: StreamSink(target), progress)
      }
      if var copy {
        try copy.run()
        return Result(size: expected, end: targetStart + expected, isReflink: false)
      }
    }
    let file =
      to.kind == .stream
      ? nil : FileSink(to, at: targetStart.bytes, before: before, keepsBlocks: keepsBlocks)
    let plain: any ContentSink = file ?? StreamSink(target)
    let size = try pump(from, expected, to: encode?(plain) ?? plain)
    return Result(size: size, end: ByteCount(file?.position ?? 0), isReflink: false)
  }

  /// Reads what would be copied, for the digest, and writes nothing.
  package func examine() throws(StorageError) {
    let from = try TransferEnd(source)
    let expected = try self.expected(of: decode == nil ? from.size.map { $0 - sourceStart } : nil)
    progress?.begin("verify", total: expected)
    try pump(from, expected, to: NullSink())
  }

  /// Reads back what `run` wrote, for a digest of its own.
  /// - Parameters:
  ///   - result: what `run` returned.
  ///   - decode: undoes `encode`.
  /// - Returns: false where the target cannot be read back: a pipe, a socket, a file that is open for writing only.
  package func readBack(
    _ result: Result, into digest: any ContentDigest,
    decode: ((any ContentSource) throws(StorageError) -> any ContentSource)? = nil
  ) throws(StorageError) -> Bool {
    guard try target.contentSize() != nil, target.isReadable, encode == nil || decode != nil else {
      return false
    }
    try target.flushBeforeReading()
    var back = Transfer(from: target, to: target, progress: progress)
    back.sourceStart = targetStart
    back.amount = decode == nil ? .first(result.size) : .exactly(result.size)
    back.decode = decode
    back.digest = digest
    try back.examine()
    return true
  }

  /// Whether the source can be read more than once: a file, a block device.
  package func hasSizedSource() throws(StorageError) -> Bool { try source.contentSize() != nil }

  /// How much will come; nil where only the end will tell.
  private func expected(of available: ByteCount?) throws(StorageError) -> ByteCount? {
    func wrong(_ problem: String, _ wanted: ByteCount, isLimit: Bool = false) -> StorageError {
      StorageError(
        .badInput, source.path.text,
        "\(problem): has \(available?.bytes ?? 0) bytes, expected \(isLimit ? "at most " : "")\(wanted.bytes)"
      )
    }
    switch amount {
    case .all(let limit):
      guard let available else { return nil }
      if let limit, available > limit { throw wrong("too much data", limit, isLimit: true) }
      return available
    case .exactly(let size), .first(let size):
      guard let available else { return size }
      guard available >= size else { throw wrong("not enough data", size) }
      if case .exactly = amount, available > size { throw wrong("too much data", size) }
      return size
    }
  }

  @discardableResult
  private func pump(_ from: TransferEnd, _ expected: ByteCount?, to sink: any ContentSink)
    throws(StorageError) -> ByteCount
  {
    var content: any ContentSource
    if let size = from.size {
      let end = decode == nil ? (expected ?? size - sourceStart) : size - sourceStart
      content = FileSource(source, sourceStart.bytes..<sourceStart.bytes + end.bytes)
    } else {
      content = StreamSource(source, prefix: prefix)
    }
    if let decode { content = try decode(content) }
    let pump = ContentPump(
      content, named: source.path.text,
      amount: from.size == nil || decode != nil ? amount : .all(limit: nil),
      findsZeroes: decode != nil || !from.tellsHoles, digest: digest, progress: progress)
    return try pump.run(to: sink)
  }
}

/// Sees content go by: a checksum.
package protocol ContentDigest: AnyObject {
  func add(_ bytes: UnsafeRawBufferPointer) throws(StorageError)
  func addZeroes(_ count: Int64) throws(StorageError)
}
