import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Locks between processes")
struct FileLockTests {
  let temporary: TemporaryFolder
  let folder: Folder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try temporary.folder()
  }

  func lock(_ mode: FileLock.Mode, timeout: Double = 0.1, owner: String = "1 me")
    throws(StorageError) -> FileLock
  {
    try FileLock("lock", in: folder, mode: mode, timeout: timeout, owner: owner)
  }

  func refusal(_ mode: FileLock.Mode, timeout: Double = 0.1) -> StorageError? {
    do throws(StorageError) {
      _ = try lock(mode, timeout: timeout)
      return nil
    } catch { return error }
  }

  /// Holds an open-file-description lock as another process would.
  ///
  /// Argument 1 is the file, 2 is `1` for a write lock and `0` for a read lock, 3 is what it writes about itself.
  /// Lets go at the next line of input.
  static let holder = """
    import fcntl, os, struct, sys
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
    kind = fcntl.F_WRLCK if sys.argv[2] == "1" else fcntl.F_RDLCK
    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))
    os.ftruncate(fd, 0)
    os.pwrite(fd, sys.argv[3].replace("PID", str(os.getpid())).encode(), 0)
    print("held", flush=True)
    sys.stdin.readline()
    """

  func child(exclusive: Bool, says text: String = "PID vol-export") throws -> TestProcess {
    let file = temporary.path.appending("lock").text
    let child = try TestProcess(python: Self.holder, file, exclusive ? "1" : "0", text)
    #expect(try child.line() == "held")
    return child
  }

  @Test("readers share, and a writer waits for all of them")
  func shared() throws {
    let first = try lock(.shared)
    let second = try lock(.shared)
    #expect(refusal(.exclusive)?.code == .lockTimeout)
    withExtendedLifetime((first, second)) {}
  }

  @Test("a writer shuts out readers and writers until it is gone")
  func exclusive() throws {
    do {
      let held = try lock(.exclusive)
      #expect(refusal(.shared)?.code == .lockTimeout)
      #expect(refusal(.exclusive)?.code == .lockTimeout)
      withExtendedLifetime(held) {}
    }
    _ = try lock(.exclusive, timeout: 5)
  }

  @Test("whoever waits in vain is told who holds the lock")
  func message() throws {
    let held = try lock(.exclusive, owner: "\(Process.identifier) vol-stop")
    let error = try #require(refusal(.shared, timeout: 0))
    #expect(error.problem == "is locked by process \(Process.identifier) (vol-stop) (waited 0 s)")
    #expect(refusal(.shared, timeout: 0.1)?.problem.hasSuffix("(waited 0.1 s)") == true)
    withExtendedLifetime(held) {}
  }

  @Test(
    "the lock of another process is seen, named, and gone when the process is killed",
    .enabled(if: TestProcess.canRun))
  func otherProcess() throws {
    let child = try child(exclusive: true)
    let error = try #require(refusal(.shared))
    #expect(error.code == .lockTimeout)
    #expect(
      error.problem == "is locked by process \(child.identifier) (vol-export) (waited 0.1 s)")
    child.kill()
    _ = try lock(.exclusive, timeout: 5)
  }

  @Test("another process that reads leaves room for readers", .enabled(if: TestProcess.canRun))
  func otherReader() throws {
    let child = try child(exclusive: false)
    _ = try lock(.shared)
    #expect(refusal(.exclusive)?.code == .lockTimeout)
    child.kill()
  }

  @Test(
    "waiting ends as soon as the holder lets go", .enabled(if: TestProcess.canRun),
    .timeLimit(.minutes(1)))
  func waits() throws {
    let child = try child(exclusive: true)
    try child.send("go")
    let start = Clock.monotonicSeconds()
    _ = try lock(.exclusive, timeout: 50)
    #expect(Clock.monotonicSeconds() - start < 20)
  }

  @Test("waiting takes as long as was asked for, not less")
  func waitsLongEnough() throws {
    let held = try lock(.exclusive)
    let start = Clock.monotonicSeconds()
    #expect(refusal(.exclusive, timeout: 0.3) != nil)
    let waited = Clock.monotonicSeconds() - start
    #expect(waited >= 0.3)
    #expect(waited < 10)
    withExtendedLifetime(held) {}
  }

  @Test(
    "a holder that does not introduce itself is another process", .enabled(if: TestProcess.canRun))
  func anonymous() throws {
    // The last is the introduction of a process that is gone.
    for text in ["", "nonsense", "word vol-stop", "2147483646 vol-stop"] {
      let child = try child(exclusive: true, says: text)
      #expect(refusal(.shared)?.problem.hasPrefix("is locked by another process") == true)
      child.kill()
    }
  }

  @Test("the lock file is for its owner alone and stays")
  func file() throws {
    do { _ = try lock(.exclusive) }
    let status = try #require(try folder.status("lock"))
    #expect(status.kind == .regular)
    #expect(status.mode & 0o077 == 0)
  }

  @Test("a link in the place of the lock file is refused, and what it leads to is left alone")
  func linkInTheWay() throws {
    try temporary.write("precious", to: "other")
    try temporary.shell("ln -s other lock")
    let error = try #require(refusal(.exclusive))
    #expect(error.code != .lockTimeout)
    #expect(try temporary.text("other") == "precious")
  }

  @Test("a longer introduction leaves nothing behind in a shorter one")
  func introductions() throws {
    do { _ = try lock(.exclusive, owner: "123456 a-rather-long-command") }
    let held = try lock(.exclusive, timeout: 5, owner: "1 b")
    #expect(refusal(.shared, timeout: 0)?.problem.contains("process 1 (b)") == true)
    withExtendedLifetime(held) {}
  }
}
