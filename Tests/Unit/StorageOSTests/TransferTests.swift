import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Transfers between all kinds of ends")
struct TransferTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  enum End: String, CaseIterable, Sendable { case file, pipe, device }

  /// Shell lines that make `source`, by what they make; all of a multiple of 512 bytes, as devices are.
  static let contents: [(String, String)] = [
    ("only a hole", "truncate -s 4M source"),
    ("data of an odd number of sectors", "head -c $((512 * 4001)) /dev/urandom > source"),
    (
      "data, hole, data",
      "head -c 100352 /dev/urandom > source; truncate -s 9M source; head -c 512 /dev/urandom >> source"
    ),
    (
      "hole, data, hole",
      "truncate -s 3M source; head -c 70144 /dev/urandom >> source; truncate -s 8M source"
    ),
    (
      "written zeroes between data",
      "{ head -c 300032 /dev/urandom; head -c 3000320 /dev/zero; head -c 1024 /dev/urandom; } > source"
    ),
  ]

  static let canLoop = Process.isRoot && Shell.run("losetup --find").status == 0

  static let pairs: [(End, End)] = End.allCases.flatMap { from in
    End.allCases.filter { (canLoop || $0 != .device) && ($0 != .pipe || TestProcess.canRun) }
      .map { (from, $0) }
  }.filter { canLoop || $0.0 != .device }

  /// Opens `source` as an end of a kind, runs `body`, and takes away what was needed for that.
  func withSource(_ end: End, _ body: (Descriptor) throws -> Void) throws {
    let path = temporary.path.appending("source")
    switch end {
    case .file: try body(Descriptor(opening: path, flags: O_RDONLY))
    case .pipe:
      try temporary.shell("mkfifo fifo.in; (cat source > fifo.in) > /dev/null 2>&1 &")
      try body(Descriptor(opening: temporary.path.appending("fifo.in"), flags: O_RDONLY))
    case .device:
      let device = try temporary.loop("source")
      defer { _ = Shell.run("losetup -d \(device)") }
      try body(Descriptor(opening: device, flags: O_RDONLY))
    }
  }

  @Test("every byte arrives, over whatever was there", arguments: pairs, contents)
  func pair(ends: (from: End, to: End), content: (name: String, line: String)) throws {
    try temporary.shell("\(content.line); sync source")
    let size = try FileStatus(following: temporary.path.appending("source")).size
    try withSource(ends.from) { source in
      switch ends.to {
      case .file:
        for old in ["rm -f target", "head -c \(size.bytes) /dev/urandom > target"] {
          try temporary.shell(old)
          // What flows is gone after the first time.
          guard ends.from != .pipe || old.hasPrefix("rm") else { continue }
          try Transfer(from: source, to: temporary.open("target")).run()
          try temporary.shell("cmp source target")
        }
      case .pipe:
        try temporary.shell("mkfifo fifo.out")
        let fifo = temporary.path.appending("fifo.out")
        let child = try TestProcess(python: Self.reader, fifo.text)
        do {
          let target = try Descriptor(opening: fifo, flags: O_WRONLY)
          #expect(try Transfer(from: source, to: target).run().size == size)
        }
        let digest = try temporary.shell("sha256sum < source").split(separator: " ").first ?? ""
        #expect(try child.line() == "\(size.bytes) \(digest)")
      case .device:
        try temporary.shell("head -c \(size.bytes + 4096) /dev/urandom > target; cp target old")
        let device = try temporary.loop("target")
        defer { _ = Shell.run("losetup -d \(device)") }
        let target = try Descriptor(opening: device, flags: O_RDWR | O_EXCL)
        try Transfer(from: source, to: target).run()
        try target.syncData()
        try temporary.shell("cmp -n \(size.bytes) source '\(device)'")
        // What lies behind stays.
        try temporary.shell("cmp -i \(size.bytes) old '\(device)'")
      }
    }
  }

  @Test("old content goes from parts that get a hole", arguments: [false, true])
  func holesOverData(keepsBlocks: Bool) throws {
    try temporary.shell("truncate -s 8M source; head -c 8M /dev/urandom > target; sync target")
    var transfer = try Transfer(from: temporary.open("source"), to: temporary.open("target"))
    transfer.keepsBlocks = keepsBlocks
    try transfer.run()
    try temporary.shell("cmp source target; sync target")
    let allocated = try FileStatus(following: temporary.path.appending("target")).allocated
    #expect(keepsBlocks ? allocated >= 8_000_000 : allocated < 100_000)
  }

  @Test(
    "content that ends in zeroes has its whole length over a shorter file",
    arguments: [End.file, .pipe], [false, true])
  func zeroesPastTheEnd(from: End, keepsBlocks: Bool) throws {
    for content in [
      "truncate -s 5M source", "head -c 3M /dev/urandom > source; truncate -s 5M source",
      "{ head -c 3M /dev/urandom; head -c 2M /dev/zero; } > source",
    ] {
      for start in [0, 512, 1_000_000] {
        try temporary.shell("rm -f source fifo.in; \(content); head -c 1M /dev/urandom > target")
        try temporary.shell(
          "cp target wanted; dd if=source of=wanted conv=notrunc oflag=seek_bytes seek=\(start) status=none bs=1M"
        )
        try withSource(from) { source in
          var transfer = try Transfer(from: source, to: temporary.open("target"))
          transfer.targetStart = ByteCount(Int64(start))
          transfer.keepsBlocks = keepsBlocks
          try transfer.run()
        }
        try temporary.shell("cmp target wanted")
      }
    }
  }

  @Test("what was written can be read back, but from a pipe", arguments: End.allCases)
  func readBack(end: End) throws {
    guard end != .device || Self.canLoop else { return }
    try temporary.shell("head -c 3M /dev/urandom > source; truncate -s 4M source target")
    let digest = Counter()
    switch end {
    case .file:
      let transfer = try Transfer(from: temporary.open("source"), to: temporary.open("target"))
      #expect(try transfer.readBack(transfer.run(), into: digest))
      #expect(digest.data + digest.zeroes == 4 << 20)
    case .device:
      let device = try temporary.loop("target")
      defer { _ = Shell.run("losetup -d \(device)") }
      let transfer = try Transfer(
        from: temporary.open("source"), to: Descriptor(opening: device, flags: O_RDWR))
      #expect(try transfer.readBack(transfer.run(), into: digest))
      #expect(digest.data + digest.zeroes == 4 << 20)
    case .pipe:
      try temporary.shell("mkfifo fifo; (cat fifo > got) > /dev/null 2>&1 &")
      let fifo = try Descriptor(opening: temporary.path.appending("fifo"), flags: O_WRONLY)
      let transfer = try Transfer(from: temporary.open("source"), to: fifo)
      #expect(try !transfer.readBack(transfer.run(), into: digest))
    }
  }

  @Test("holes over holes take no blocks, also where blocks are kept")
  func holesOverHoles() throws {
    try temporary.shell("truncate -s 8M source; truncate -s 8M target")
    var transfer = try Transfer(from: temporary.open("source"), to: temporary.open("target"))
    transfer.keepsBlocks = true
    try transfer.run()
    #expect(try FileStatus(following: temporary.path.appending("target")).allocated == 0)
  }

  @Test(
    "a part goes to its place, and nothing beside it changes",
    arguments: [(0, 0, 1), (512, 4096, 70_000), (100, 7, 1_500_001), (4096, 4096, 2_000_000)])
  func part(from: Int64, to: Int64, count: Int64) throws {
    try temporary.shell(
      "head -c 1000000 /dev/urandom > source; truncate -s 3M source; head -c 5000 /dev/urandom >> source"
    )
    try temporary.shell("head -c 4000000 /dev/urandom > target; cp target wanted")
    try temporary.shell(
      "tail -c +\(from + 1) source | head -c \(count) | dd of=wanted conv=notrunc oflag=seek_bytes seek=\(to) status=none"
    )
    var transfer = try Transfer(from: temporary.open("source"), to: temporary.open("target"))
    transfer.sourceStart = ByteCount(from)
    transfer.targetStart = ByteCount(to)
    transfer.amount = .first(ByteCount(count))
    #expect(try transfer.run().size == ByteCount(count))
    try temporary.shell("cmp target wanted")
  }

  @Test("a stream is read no further than asked, so that the next reader finds the rest")
  func first() throws {
    try temporary.shell("printf 'abcdefghij' > source")
    try withSource(.pipe) { source in
      var transfer = try Transfer(from: source, to: temporary.open("target"))
      transfer.prefix = try source.readPrefix(2)
      transfer.amount = .first(5)
      try transfer.run()
      #expect(try temporary.text("target") == "abcde")
      #expect(try source.readPrefix(9) == Array("fghij".utf8))
    }
  }

  @Test("a device that is too small is refused before the first byte", .enabled(if: canLoop))
  func smallDevice() throws {
    try temporary.shell("head -c 1M /dev/urandom > source; head -c 512K /dev/urandom > target")
    let before = try temporary.bytes("target")
    let device = try temporary.loop("target")
    defer { _ = Shell.run("losetup -d \(device)") }
    let target = try Descriptor(opening: device, flags: O_RDWR)
    let source = try temporary.open("source")
    #expect(throws: StorageError.self) { try Transfer(from: source, to: target).run() }
    try target.syncData()
    #expect(try temporary.bytes("target") == before)
  }

  @Test(
    "a stream that does not fit on a device is an error, whatever is written", .enabled(if: canLoop)
  )
  func longStream() throws {
    try temporary.shell("head -c 1M /dev/urandom > source; head -c 512K /dev/zero > target")
    let device = try temporary.loop("target")
    defer { _ = Shell.run("losetup -d \(device)") }
    try withSource(.pipe) { source in
      var transfer = try Transfer(from: source, to: Descriptor(opening: device, flags: O_RDWR))
      transfer.amount = .all(limit: 524_288)
      do throws(StorageError) {
        try transfer.run()
        Issue.record("no error")
      } catch {
        #expect(error.code == .badInput)
        #expect(error.problem == "too much data: expected at most 524288 bytes")
      }
    }
  }

  @Test(
    "a full disk is noticed",
    .enabled(if: MountedFileSystem.isPossible("ext4"), "needs root and loop devices"),
    arguments: [End.file, .pipe])
  func fullDisk(from: End) throws {
    let mounted = try MountedFileSystem("ext4", megabytes: 16)
    try temporary.shell("head -c 32M /dev/urandom > source")
    let target = try Descriptor(
      opening: mounted.path.appending("target"), flags: O_RDWR | O_CREAT, mode: 0o600)
    try withSource(from) { source in
      do throws(StorageError) {
        try Transfer(from: source, to: target).run()
        Issue.record("no error")
      } catch { #expect(error.code == .noSpace) }
    }
  }

  /// The error of copying `size` bytes, and no more, of the file `source` through a pipe or directly.
  func fill(_ size: Int64, from end: End = .file) throws -> StorageError? {
    try temporary.shell("rm -f target fifo.in")
    var failure: StorageError?
    try withSource(end) { source in
      var transfer = try Transfer(from: source, to: temporary.open("target"))
      transfer.amount = .exactly(ByteCount(size))
      do throws(StorageError) { try transfer.run() } catch { failure = error }
    }
    return failure
  }

  @Test(
    "input of exactly the size is taken whole", arguments: [End.file, .pipe],
    [0, 1, 4096, 65536, 1_048_576, 2_500_001])
  func exact(end: End, size: Int64) throws {
    try temporary.shell("head -c \(size) /dev/urandom > source")
    #expect(try fill(size, from: end) == nil)
    try temporary.shell("cmp source target")
  }

  @Test("input that ends early is an error which tells how much there was")
  func short() throws {
    try temporary.shell("head -c 1500000 /dev/urandom > source")
    let error = try #require(try fill(1_500_001, from: .pipe))
    #expect(error.code == .badInput)
    #expect(error.problem == "not enough data: got 1500000 bytes, expected 1500001")
    let known = try #require(try fill(1_500_001))
    #expect(known.problem == "not enough data: has 1500000 bytes, expected 1500001")
    #expect(try temporary.bytes("target").isEmpty)
  }

  @Test("input that goes on is an error, by one byte and by many", arguments: [End.file, .pipe])
  func long(end: End) throws {
    try temporary.shell("head -c 2000000 /dev/urandom > source")
    for size in [0, 1, 1_048_576, 1_999_999] as [Int64] {
      let error = try #require(try fill(size, from: end))
      #expect(error.code == .badInput)
      #expect(error.problem.hasPrefix("too much data: "))
    }
  }

  @Test("runs of zeroes in a stream become holes and everything else arrives")
  func zeroesBecomeHoles() throws {
    try temporary.shell(
      "{ head -c 200000 /dev/urandom; head -c 10000000 /dev/zero; echo end; head -c 3000000 /dev/zero; } > source"
    )
    let size = try FileStatus(following: temporary.path.appending("source")).size
    #expect(try fill(size.bytes, from: .pipe) == nil)
    try temporary.shell("cmp source target; sync target")
    let target = try FileStatus(following: temporary.path.appending("target"))
    #expect(target.size == size)
    #expect(target.allocated < 600_000)
  }

  @Test("a pipe that delivers in small pieces is read to its end", arguments: [0, 1, -1])
  func smallPieces(more: Int64) throws {
    try temporary.shell("head -c 300000 /dev/urandom > data; mkfifo fifo")
    try temporary.shell("(dd if=data of=fifo bs=777 > /dev/null 2>&1) > /dev/null 2>&1 &")
    let source = try Descriptor(opening: temporary.path.appending("fifo"), flags: O_RDONLY)
    var transfer = try Transfer(from: source, to: temporary.open("target"))
    transfer.amount = .exactly(ByteCount(300_000 + more))
    var failed = false
    do { try transfer.run() } catch { failed = true }
    #expect(failed == (more != 0))
    if more == 0 { try temporary.shell("cmp data target") }
  }

  @Test("a pipe that somebody made non-blocking is waited for")
  func nonBlocking() throws {
    try temporary.shell("mkfifo fifo")
    let fifo = temporary.path.appending("fifo")
    let source = try Descriptor(opening: fifo, flags: O_RDONLY | O_NONBLOCK)
    try temporary.shell(
      "(exec 3> fifo; sleep 0.2; echo first >&3; sleep 0.2; echo second >&3) > /dev/null 2>&1 &")
    // The writer has to have come first: a FIFO without one is at its end.
    while Shell.run("ls -l /proc/[0-9]*/fd 2> /dev/null | grep -c '\(fifo)'").output == "1\n" {}
    try Transfer(from: source, to: temporary.open("target")).run()
    #expect(try temporary.text("target") == "first\nsecond\n")
  }

  /// A reader of a FIFO that prints how many bytes came and their digest.
  static let reader = """
    import hashlib, sys
    content = open(sys.argv[1], "rb").read()
    print(len(content), hashlib.sha256(content).hexdigest(), flush=True)
    """

  @Test("a file that appends gets everything at its end")
  func appending() throws {
    try temporary.shell("head -c 1500000 /dev/urandom > source; echo before > out")
    let target = try Descriptor(
      opening: temporary.path.appending("out"), flags: O_RDWR | O_APPEND)
    let source = try temporary.open("source")
    try Transfer.deliver(to: .open(target)) { target, _, _ throws(StorageError) in
      try Transfer(from: source, to: target).run().end
    }
    try temporary.shell("{ echo before; cat source; } | cmp - out")
  }

  @Test("a reader that went away is an error", .enabled(if: TestProcess.canRun))
  func brokenPipe() throws {
    Process.ignoreSignals(brokenPipe: true)
    try temporary.shell("mkfifo fifo; head -c 4M /dev/urandom > source")
    let fifo = temporary.path.appending("fifo")
    let child = try TestProcess(
      python:
        "import sys\nwith open(sys.argv[1], 'rb') as f: f.read(10)\nprint('gone', flush=True)",
      fifo.text)
    let target = try Descriptor(opening: fifo, flags: O_WRONLY)
    let source = try temporary.open("source")
    #expect(throws: StorageError.self) { try Transfer(from: source, to: target).run() }
    #expect(try child.line() == "gone")
  }

  /// Counts what goes by.
  final class Counter: ContentDigest {
    var data: Int64 = 0
    var zeroes: Int64 = 0
    func add(_ bytes: UnsafeRawBufferPointer) { data += Int64(bytes.count) }
    func addZeroes(_ count: Int64) { zeroes += count }
  }

  @Test("a digest sees all of the content", arguments: [End.file, .pipe])
  func digest(end: End) throws {
    try temporary.shell("head -c 131072 /dev/urandom > source; truncate -s 5M source; sync source")
    let counter = Counter()
    try withSource(end) { source in
      var transfer = try Transfer(from: source, to: temporary.open("target"))
      transfer.digest = counter
      try transfer.run()
    }
    try temporary.shell("cmp source target")
    #expect(counter.data + counter.zeroes == 5 << 20)
  }
}

extension TemporaryFolder {
  /// A loop device on a file; whoever asks for it detaches it.
  func loop(_ name: String) throws -> Path {
    Path(try shell("losetup --find --show '\(name)'").split(separator: "\n").joined())
  }
}
