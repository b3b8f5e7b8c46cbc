import StorageModel

/// Moves content from a source to a sink through memory.
struct ContentPump {
  /// How much is read at a time.
  private static let chunk = 1 << 20
  /// Shorter runs of zeroes count as data.
  private static let block = 64 << 10

  private let source: any ContentSource
  private let name: String
  private let amount: Transfer.Amount
  private let findsZeroes: Bool
  private let digest: (any ContentDigest)?
  private let progress: Progress?

  init(
    _ source: any ContentSource, named name: String, amount: Transfer.Amount, findsZeroes: Bool,
    digest: (any ContentDigest)?, progress: Progress?
  ) {
    self.source = source
    self.name = name
    self.amount = amount
    self.findsZeroes = findsZeroes
    self.digest = digest
    self.progress = progress
  }

  /// How much may come; nil where there is no limit.
  private var limit: Int64? {
    switch amount {
    case .all(let limit): return limit?.bytes
    case .exactly(let size), .first(let size): return size.bytes
    }
  }

  /// Moves everything.
  /// - Returns: how much it was.
  func run(to sink: any ContentSink) throws(StorageError) -> ByteCount {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 4096)
    defer { memory.deallocate() }
    var position: Int64 = 0
    var moved: Int64 = 0
    loop: while true {
      try Interruption.check()
      let left = limit.map { $0 - position } ?? Int64(Self.chunk)
      if left == 0, case .first = amount { break }
      // Where the end is due, one more byte is asked for, so that long input is noticed.
      let buffer = UnsafeMutableRawBufferPointer(
        rebasing: memory[..<max(1, Int(min(left, Int64(Self.chunk))))])
      let piece = try source.next(into: buffer)
      let count: Int64
      switch piece {
      case .end: break loop
      case .zeroes(let zeroes): count = zeroes
      case .data(let bytes): count = Int64(bytes)
      }
      if let limit, count > limit - position {
        var most = ""
        if case .all = amount { most = "at most " }
        throw StorageError(.badInput, name, "too much data: expected \(most)\(limit) bytes")
      }
      switch piece {
      case .end: break loop
      case .zeroes:
        try digest?.addZeroes(count)
        try sink.writeZeroes(count)
      case .data(let bytes):
        let data = UnsafeRawBufferPointer(rebasing: buffer[..<bytes])
        try digest?.add(data)
        moved += try write(data, to: sink)
      }
      position += count
      progress?.reached(position, moved: moved)
    }
    try checkEnd(at: position)
    try sink.finish()
    progress?.finish(position, moved: moved)
    return ByteCount(position)
  }

  private func checkEnd(at position: Int64) throws(StorageError) {
    switch amount {
    case .all: return
    case .exactly(let size), .first(let size):
      guard position < size.bytes else { return }
      throw StorageError(
        .badInput, name, "not enough data: got \(position) bytes, expected \(size.bytes)")
    }
  }

  /// Writes data, with what is found to be zero as zeroes.
  /// - Returns: how many bytes were not.
  private func write(_ data: UnsafeRawBufferPointer, to sink: any ContentSink)
    throws(StorageError) -> Int64
  {
    guard findsZeroes else {
      try sink.write(data)
      return Int64(data.count)
    }
    var written: Int64 = 0
    var start = 0
    while start < data.count {
      let isZero = isZeroBlock(at: start, of: data)
      var end = min(start + Self.block, data.count)
      while end < data.count, isZeroBlock(at: end, of: data) == isZero {
        end = min(end + Self.block, data.count)
      }
      if isZero {
        try sink.writeZeroes(Int64(end - start))
      } else {
        try sink.write(UnsafeRawBufferPointer(rebasing: data[start..<end]))
        written += Int64(end - start)
      }
      start = end
    }
    return written
  }

  private func isZeroBlock(at start: Int, of data: UnsafeRawBufferPointer) -> Bool {
    let end = min(start + Self.block, data.count)
    return Zeroes.fill(UnsafeRawBufferPointer(rebasing: data[start..<end]))
  }
}
