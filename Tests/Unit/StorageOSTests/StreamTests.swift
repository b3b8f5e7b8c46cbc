import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Content from and to streams")
struct StreamTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// The error of filling `target` with `size` bytes of the file `source`.
  func fill(_ size: Int64, from source: String = "source") throws -> StorageError? {
    let target = try temporary.open("target")
    let input = try Descriptor(opening: temporary.path.appending(source), flags: O_RDONLY)
    do throws(StorageError) {
      try Stream.fill(target, from: input, size: ByteCount(size))
      return nil
    } catch { return error }
  }

  @Test(
    "input of exactly the size is taken whole",
    arguments: [0, 1, 4096, 65536, 1_048_576, 2_500_001])
  func exact(size: Int64) throws {
    try temporary.shell("head -c \(size) /dev/urandom > source")
    #expect(try fill(size) == nil)
    try temporary.shell("cmp source target")
  }

  @Test("input that ends early is an error which tells how much there was")
  func short() throws {
    try temporary.shell("head -c 1500000 /dev/urandom > source")
    let error = try #require(try fill(1_500_001))
    #expect(error.code == .badInput)
    #expect(error.problem == "not enough data: got 1500000 bytes, expected 1500001")
    try temporary.shell(": > empty")
    #expect(try fill(1, from: "empty")?.code == .badInput)
  }

  @Test("input that goes on is an error, by one byte and by many")
  func long() throws {
    try temporary.shell("head -c 2000000 /dev/urandom > source")
    for size in [0, 1, 1_048_576, 1_999_999] as [Int64] {
      let error = try #require(try fill(size))
      #expect(error.code == .badInput)
      #expect(error.problem == "too much data: expected \(size) bytes")
    }
    #expect(try fill(1, from: "/../../../dev/zero")?.code == .badInput)
  }

  @Test("runs of zeroes become holes and everything else arrives")
  func zeroesBecomeHoles() throws {
    try temporary.shell(
      "{ head -c 200000 /dev/urandom; head -c 10000000 /dev/zero; echo end; head -c 3000000 /dev/zero; } > source"
    )
    let size = try FileStatus(following: temporary.path.appending("source")).size
    #expect(try fill(size.bytes) == nil)
    try temporary.shell("cmp source target; sync target")
    let target = try FileStatus(following: temporary.path.appending("target"))
    #expect(target.size == size)
    #expect(target.allocated < 600_000)
  }

  @Test("input full of zeroes takes no space")
  func onlyZeroes() throws {
    try temporary.shell("head -c 5000000 /dev/zero > source")
    #expect(try fill(5_000_000) == nil)
    #expect(try FileStatus(following: temporary.path.appending("target")).allocated == 0)
    try temporary.shell("cmp source target")
  }

  @Test("a pipe that delivers in small pieces is read to its end", arguments: [0, 1, -1])
  func pipe(more: Int64) throws {
    try temporary.shell("head -c 300000 /dev/urandom > data; mkfifo source")
    try temporary.shell("(dd if=data of=source bs=777 > /dev/null 2>&1) > /dev/null 2>&1 &")
    let error = try fill(300_000 + more)
    #expect((error == nil) == (more == 0))
    if more == 0 { try temporary.shell("cmp data target") }
  }

  /// A reader of a FIFO that prints how many bytes came and their digest.
  static let reader = """
    import hashlib, sys
    content = open(sys.argv[1], "rb").read()
    print(len(content), hashlib.sha256(content).hexdigest(), flush=True)
    """

  @Test(
    "all bytes of a sparse file go down a pipe, holes as zeroes", .enabled(if: TestProcess.canRun))
  func drainToPipe() throws {
    try temporary.shell(
      "mkfifo fifo; truncate -s 3M file; head -c 99999 /dev/urandom >> file; truncate -s 9M file")
    let fifo = temporary.path.appending("fifo")
    let child = try TestProcess(python: Self.reader, fifo.text)
    let source = try temporary.open("file")
    do {
      let target = try Descriptor(opening: fifo, flags: O_WRONLY)
      try Stream.drain(source, to: target)
    }
    let digest = try temporary.shell("sha256sum < file").split(separator: " ").first ?? ""
    #expect(try child.line() == "9437184 \(digest)")
  }

  @Test("draining to a file that appends works without splicing")
  func drainToAppendingFile() throws {
    try temporary.shell("head -c 1500000 /dev/urandom > file")
    let target = try Descriptor(
      opening: temporary.path.appending("out"), flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
    try Stream.drain(temporary.open("file"), to: target)
    try temporary.shell("cmp file out")
  }

  @Test("a reader that went away is an error", .enabled(if: TestProcess.canRun))
  func brokenPipe() throws {
    Process.ignoreSignals(brokenPipe: true)
    try temporary.shell("mkfifo fifo; truncate -s 4M file")
    let fifo = temporary.path.appending("fifo")
    let child = try TestProcess(
      python:
        "import sys\nwith open(sys.argv[1], 'rb') as f: f.read(10)\nprint('gone', flush=True)",
      fifo.text)
    let target = try Descriptor(opening: fifo, flags: O_WRONLY)
    #expect(throws: StorageError.self) { try Stream.drain(temporary.open("file"), to: target) }
    #expect(try child.line() == "gone")
  }

  @Test("an export to a new file keeps holes and is for the owner alone")
  func exportToNewFile() throws {
    try temporary.shell("truncate -s 16M file; echo end >> file")
    let out = temporary.path.appending("out")
    try Stream.export(temporary.open("file"), to: out)
    try temporary.shell("cmp file out")
    let status = try FileStatus(following: out)
    #expect(status.allocated < 1_000_000)
    #expect(status.mode == 0o600)
  }

  @Test("an export over an existing file replaces it whole and keeps its mode")
  func exportOverFile() throws {
    try temporary.shell("echo new > file; echo older and longer > out; chmod 640 out")
    try Stream.export(temporary.open("file"), to: temporary.path.appending("out"))
    #expect(try temporary.text("out") == "new\n")
    #expect(try FileStatus(following: temporary.path.appending("out")).mode == 0o640)
    #expect(try temporary.names() == ["file", "out"])
  }

  @Test("an export to a link to a file writes that file and leaves the link")
  func exportToLink() throws {
    try temporary.shell("echo new > file; mkdir far; echo old > far/out; ln -s far/out link")
    try Stream.export(temporary.open("file"), to: temporary.path.appending("link"))
    #expect(try temporary.text("far/out") == "new\n")
    #expect(try temporary.shell("readlink link") == "far/out\n")
  }

  @Test("an export to a folder is refused, and to a folder that is not there")
  func exportToFolder() throws {
    try temporary.shell("echo x > file; mkdir dir")
    func code(_ name: String) throws -> StorageError.Code? {
      let source = try temporary.open("file")
      do throws(StorageError) {
        try Stream.export(source, to: temporary.path.appending(name))
        return nil
      } catch { return error.code }
    }
    #expect(try code("dir") == .badInput)
    #expect(try code("nowhere/out") == .notFound)
    #expect(try temporary.names() == ["dir", "file"])
  }

  @Test(
    "an export to a FIFO sends the bytes and leaves the FIFO", .enabled(if: TestProcess.canRun))
  func exportToFIFO() throws {
    try temporary.shell("mkfifo fifo; head -c 70000 /dev/urandom > file")
    let fifo = temporary.path.appending("fifo")
    let child = try TestProcess(python: Self.reader, fifo.text)
    try Stream.export(temporary.open("file"), to: fifo)
    let digest = try temporary.shell("sha256sum < file").split(separator: " ").first ?? ""
    #expect(try child.line() == "70000 \(digest)")
    #expect(try FileStatus(following: fifo).kind == .other)
  }
}
