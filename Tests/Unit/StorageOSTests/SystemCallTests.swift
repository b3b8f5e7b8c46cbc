import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("System calls and what they say")
struct SystemCallTests {
  @Test("an interrupted call is made again until it is not")
  func interrupted() throws {
    var calls = 0
    let result: Int32 = try SystemCall.run("subject", "problem") {
      calls += 1
      guard calls == 4 else {
        errno = EINTR
        return -1
      }
      return 42
    }
    #expect(result == 42)
    #expect(calls == 4)
  }

  @Test("a failed call is an error with subject, problem and the system's reason")
  func failed() {
    do throws(StorageError) {
      try SystemCall.run("/a", "cannot open") { () -> Int32 in
        errno = EACCES
        return -1
      }
      Issue.record("no error")
    } catch {
      #expect(error.text == "/a: cannot open: Permission denied")
      #expect(error.code == .permission)
    }
  }

  @Test("the error of an interrupted call that then fails is the last one")
  func interruptedThenFailed() {
    var calls = 0
    #expect(throws: StorageError(errno: ENOSPC, "s", "p")) {
      try SystemCall.run("s", "p") { () -> Int in
        calls += 1
        errno = calls == 1 ? EINTR : ENOSPC
        return -1
      }
    }
  }

  @Test("any result but -1 is given back", arguments: [0, 1, 77, -2])
  func results(value: Int) throws {
    #expect(try SystemCall.run("s", "p") { value } == value)
  }

  @Test(
    "what an errno means to a script",
    arguments: [
      (ENOENT, .notFound), (ENOTDIR, .notFound), (EEXIST, .exists), (ENOTEMPTY, .busy),
      (EBUSY, .busy), (ETXTBSY, .busy), (EAGAIN, .busy), (ENOSPC, .noSpace), (EDQUOT, .noSpace),
      (EFBIG, .noSpace), (EACCES, .permission), (EPERM, .permission), (EROFS, .permission),
      (EOPNOTSUPP, .unsupported), (ENOSYS, .unsupported), (ENOTTY, .unsupported),
      (EXDEV, .unsupported), (EIO, .inputOutput), (EINVAL, .failure), (ENOMEM, .noSpace),
      (EMFILE, .noSpace), (ELOOP, .failure), (ENAMETOOLONG, .failure), (0, .failure),
    ] as [(Int32, StorageError.Code)])
  func mapping(number: Int32, code: StorageError.Code) {
    #expect(StorageError.Code(errno: number) == code)
  }

  @Test("reading stops at the limit with an error and at the end without")
  func readAll() throws {
    let temporary = try TemporaryFolder()
    try temporary.write([UInt8](repeating: 1, count: 100_000), to: "file")
    let path = temporary.path.appending("file")
    #expect(try Descriptor(reading: path).readAll(limit: 100_000).count == 100_000)
    do throws(StorageError) {
      _ = try Descriptor(reading: path).readAll(limit: 99_999)
      Issue.record("no error")
    } catch {
      #expect(error.code == .badInput)
    }
    let opened = try Descriptor(reading: path)
    #expect(try opened.read(at: 99_990, count: 100).count == 10)
    #expect(try opened.read(at: 200_000, count: 100).isEmpty)
  }

  @Test("descriptors are not handed on to other programs")
  func closeOnExec() throws {
    let temporary = try TemporaryFolder()
    let folder = try temporary.folder()
    var open = [folder.descriptor, try folder.create("a", mode: 0o600)]
    open.append(try Descriptor(reading: Path("/dev/null")))
    open.append(try folder.folder(".").descriptor)
    open.append(try #require(try folder.openScratch()))
    for descriptor in open {
      #expect(fcntl(descriptor.number, F_GETFD) & FD_CLOEXEC != 0, "\(descriptor.path)")
    }
  }

  @Test("sizes, times and modes are set as asked")
  func attributes() throws {
    let temporary = try TemporaryFolder()
    let file = try temporary.open("file")
    try file.setSize(5_000_000)
    #expect(try file.status().size == 5_000_000)
    #expect(try file.status().allocated == 0)
    try file.allocate(to: 1_048_576)
    #expect(try file.status().size == 5_000_000)
    #expect(try file.status().allocated >= 1_048_576)
    try file.allocate(from: 7, to: 7)
    try file.setMode(0o640)
    #expect(try file.status().mode == 0o640)
    let access = try file.status().timestamps.access
    try file.setModificationTime(Timestamp(seconds: 1_000_000_000, nanoseconds: 5))
    #expect(
      try file.status().timestamps.modification
        == Timestamp(seconds: 1_000_000_000, nanoseconds: 5))
    #expect(try file.status().timestamps.access == access)
    #expect(throws: StorageError.self) { try Descriptor(reading: Path("/dev/null")).setSize(1) }
  }

  @Test("a file system's sizes add up")
  func fileSystem() throws {
    let facts = try FileSystem(of: Folder(opening: Path("/dev/shm")))
    #expect(facts.sizes.capacity > 0)
    #expect(facts.sizes.allocation <= facts.sizes.capacity)
    #expect(facts.sizes.available <= facts.sizes.capacity)
    #expect(!facts.isBtrfs)
  }

  @Test("two paths to one file have one identity")
  func identity() throws {
    let temporary = try TemporaryFolder()
    try temporary.shell(": > a; ln a b; ln -s a c; : > d")
    func identity(_ name: String) throws -> FileStatus.Identity {
      try FileStatus(following: temporary.path.appending(name)).identity
    }
    #expect(try identity("a") == identity("b"))
    #expect(try identity("a") == identity("c"))
    #expect(try identity("a") != identity("d"))
  }

  @Test("the root of a mount is told from an ordinary folder")
  func mountRoot() throws {
    let temporary = try TemporaryFolder()
    #expect(try FileStatus(following: Path("/proc")).isMountRoot != false)
    #expect(try FileStatus(following: temporary.path).isMountRoot != true)
  }

  @Test("the clock does not go back and knows the year")
  func clock() {
    let first = Clock.monotonicSeconds()
    #expect(Clock.monotonicSeconds() >= first)
    #expect(Clock.now().seconds > 1_700_000_000)
  }
}
