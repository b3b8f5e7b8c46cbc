import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Copies of files")
struct CopyTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// Shell lines that make `source`, by what they make.
  static let sources: [(String, String)] = [
    ("empty", ": > source"),
    ("one byte", "printf x > source"),
    ("only a hole", "truncate -s 8M source"),
    ("only a hole of an odd size", "truncate -s 1234567 source"),
    ("data without holes", "head -c 3000001 /dev/urandom > source"),
    (
      "data, hole, data",
      "head -c 100000 /dev/urandom > source; truncate -s 20M source; echo end >> source"
    ),
    (
      "hole, data, hole",
      "truncate -s 5M source; head -c 70000 /dev/urandom >> source; truncate -s 30M source"
    ),
    (
      "many small islands",
      "truncate -s 40M source; for i in 1 3 8 20 39; do printf island | dd of=source bs=1M seek=$i conv=notrunc status=none; done"
    ),
    (
      "blocks without data",
      "fallocate -l 2M source; printf x | dd of=source seek=1 bs=1M conv=notrunc status=none"
    ),
  ]

  @Test("a copy has the same bytes and no more blocks", arguments: sources)
  func sparse(name: String, line: String) throws {
    try temporary.shell(line)
    let source = try temporary.open("source")
    let target = try temporary.open("target")
    try Copy.contents(of: source, to: target)
    try temporary.shell("cmp source target")
    #expect(try target.status().size == source.status().size)
    try target.sync()
    try source.sync()
    #expect(try target.status().allocated <= source.status().allocated, "\(name)")
  }

  @Test("a copy by whichever way has the same bytes", arguments: sources)
  func contents(name: String, line: String) throws {
    try temporary.shell(line)
    let target = try temporary.open("target")
    try Copy.contents(of: temporary.open("source"), to: target)
    try temporary.shell("cmp source target")
  }

  @Test("a copy to another file system keeps holes too", arguments: sources)
  func otherFileSystem(name: String, line: String) throws {
    let other = try TemporaryFolder(in: Path("/dev/shm"))
    try temporary.shell(line)
    let source = try temporary.open("source")
    let target = try other.open("target")
    #expect(try !Copy.reflink(source, to: target))
    try Copy.contents(of: source, to: target)
    try temporary.shell("cmp source '\(other.path)/target'")
    #expect(try target.status().allocated.bytes <= source.status().allocated.bytes + 65536)
  }

  @Test("the source's data need not be on disk yet")
  func freshData() throws {
    let source = try temporary.open("source")
    try source.setSize(16_777_216)
    try source.write([UInt8](repeating: 7, count: 100_000))
    let target = try temporary.open("target")
    try Copy.contents(of: source, to: target)
    #expect(try target.read(at: 0, count: 100_000) == [UInt8](repeating: 7, count: 100_000))
    try temporary.shell("cmp source target")
  }

  @Test("a source that cannot be searched for holes is an error, not a copy full of zeroes")
  func unsearchable() throws {
    try temporary.write([UInt8](repeating: 9, count: 10_000), to: "source")
    // A descriptor that only names the file (O_PATH): its status can be asked, its data cannot be read.
    let source = try Descriptor(opening: temporary.path.appending("source"), flags: 0o10000000)
    let target = try temporary.open("target")
    #expect(throws: StorageError.self) { try Copy.contents(of: source, to: target) }
  }

  @Test("a full disk is an error that says so")
  func full() throws {
    try temporary.write("x", to: "source")
    let target = try Descriptor(opening: Path("/dev/full"), flags: O_RDWR)
    do throws(StorageError) {
      try target.write([1])
      Issue.record("no error")
    } catch {
      #expect(error.code == .noSpace)
    }
  }

  @Test(
    "a reflink shares all blocks where the file system has reflinks",
    .enabled(if: MountedFileSystem.isPossible("xfs"), "needs root, loop devices and mkfs.xfs"))
  func reflink() throws {
    let mounted = try MountedFileSystem("xfs")
    let pool = try TemporaryFolder(in: mounted.path)
    try pool.shell("head -c 4000000 /dev/urandom > source; truncate -s 9M source; sync")
    let used = try FileSystem(of: pool.folder()).sizes.allocation
    let source = try pool.open("source")
    let target = try pool.open("target")
    #expect(try Copy.contents(of: source, to: target) == .reflink)
    try target.sync()
    try pool.shell("cmp source target")
    let more = try FileSystem(of: pool.folder()).sizes.allocation.bytes - used.bytes
    #expect(more < 1_000_000)
    #expect(try pool.shell("filefrag -v target").contains("shared"))
    // Writing to one does not change the other.
    try pool.shell("printf changed | dd of=target conv=notrunc status=none; ! cmp -s source target")
  }

  @Test("where there are no reflinks the copy is told to be a plain one")
  func noReflink() throws {
    let memory = try TemporaryFolder(in: Path("/dev/shm"))
    try memory.write("content", to: "source")
    #expect(
      try Copy.contents(of: memory.open("source"), to: memory.open("target")) == .sparse)
    #expect(try memory.text("target") == "content")
  }
}
