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

  func lock(
    _ mode: FileLock.Mode, of name: String = "one", timeout: Double = 0.1, owner: String = "me"
  ) throws(StorageError) -> FileLock {
    let terms = FileLock.Terms(timeout: timeout, owner: owner)
    guard let lock = try LockFile.lock(name, mode, of: "lock", in: folder, terms) else {
      throw StorageError(.failure, "", "was done without")
    }
    return lock
  }

  func refusal(_ mode: FileLock.Mode, of name: String = "one", timeout: Double = 0.1)
    -> StorageError?
  {
    do throws(StorageError) {
      _ = try lock(mode, of: name, timeout: timeout)
      return nil
    } catch { return error }
  }

  /// Holds the lock `one` as another process would, and lets go at the next line of input.
  ///
  /// Argument 1 is the file, 2 is `1` for a write lock and `0` for a read lock, 3 is what it writes about itself with
  /// `PID` for its number, and 4 is `turn` to take the turnstile instead.
  static let holder = """
    import fcntl, os, struct, sys
    fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
    kind = fcntl.F_WRLCK if sys.argv[2] == "1" else fcntl.F_RDLCK
    name = 0xcbf29ce484222325
    for byte in b"one":
        name = (name ^ byte) * 0x100000001b3 % (1 << 64)
    place = 1 << 62 | (name & (1 << 60) - 1) << 1
    byte = place + (sys.argv[4] == "turn")
    fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
    text = f"{place} {sys.argv[3]}\\n".replace("PID", str(os.getpid())).replace("HOST", os.uname().nodename)
    os.pwrite(fd, text.encode().ljust(128, b"\\0"), (place >> 1) % 64 * 128)
    print("held", flush=True)
    sys.stdin.readline()
    """

  func child(
    exclusive: Bool, says text: String = "PID HOST vol-export", takes what: String = "lock"
  )
    throws -> TestProcess
  {
    let file = temporary.path.appending("lock").text
    let child = try TestProcess(python: Self.holder, file, exclusive ? "1" : "0", text, what)
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

  @Test("locks of other names are other locks, also through one file that is open")
  func names() throws {
    let held = try lock(.exclusive)
    _ = try lock(.exclusive, of: "two")
    let more = try held.file.lock("two", .exclusive)
    #expect(refusal(.shared, of: "two")?.code == .lockTimeout)
    #expect(refusal(.exclusive, of: "three") == nil)
    withExtendedLifetime((held, more)) {}
    #expect(try held.file.tryLock("three", .exclusive) != nil)
  }

  @Test("what is held by others is not taken without waiting, and what is free is")
  func withoutWaiting() throws {
    let mine = try lock(.shared, of: "mine")
    do {
      let theirs = try lock(.exclusive)
      #expect(try mine.file.tryLock("one", .shared) == nil)
      withExtendedLifetime(theirs) {}
    }
    let free = try mine.file.tryLock("one", .shared)
    #expect(free != nil)
    #expect(refusal(.exclusive)?.code == .lockTimeout)
    withExtendedLifetime((mine, free)) {}
  }

  @Test(
    "whoever waits to change something stops those who come later", .enabled(if: TestProcess.canRun)
  )
  func turns() throws {
    let reader = try lock(.shared)
    let waiting = try child(exclusive: true, takes: "turn")
    #expect(refusal(.shared)?.code == .lockTimeout)
    #expect(refusal(.exclusive)?.code == .lockTimeout)
    waiting.kill()
    _ = try lock(.shared, timeout: 5)
    withExtendedLifetime(reader) {}
  }

  @Test("whoever waits in vain is told who holds the lock")
  func message() throws {
    let held = try lock(.exclusive, owner: "vol-stop")
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

  @Test("a holder on another machine is named with it", .enabled(if: TestProcess.canRun))
  func otherHost() throws {
    let child = try child(exclusive: true, says: "77 far-away vol-stop")
    #expect(
      refusal(.shared)?.problem
        == "is locked by process 77 (vol-stop) on host 'far-away' (waited 0.1 s)")
    child.kill()
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
    _ = try lock(.exclusive, timeout: 50)
  }

  @Test("waiting takes as long as was asked for, not less")
  func waitsLongEnough() throws {
    let held = try lock(.exclusive)
    let start = Clock.monotonicSeconds()
    #expect(refusal(.exclusive, timeout: 0.3) != nil)
    #expect(Clock.monotonicSeconds() - start >= 0.3)
    withExtendedLifetime(held) {}
  }

  @Test(
    "a holder that does not introduce itself is another process", .enabled(if: TestProcess.canRun))
  func anonymous() throws {
    // The last is the introduction of a process that is gone.
    for text in ["", "nonsense", "word HOST vol-stop", "2147483646 HOST vol-stop"] {
      let child = try child(exclusive: true, says: text)
      #expect(refusal(.shared)?.problem.hasPrefix("is locked by another process") == true)
      child.kill()
    }
  }

  @Test("the lock file is for its owner alone, keeps its size, and stays")
  func file() throws {
    do { _ = try lock(.exclusive) }
    let first = try #require(try folder.status("lock"))
    #expect(first.kind == .regular)
    #expect(first.mode & 0o077 == 0)
    for number in 0..<200 {
      _ = try lock(.exclusive, of: "\(number)", owner: "a-rather-long-command")
    }
    #expect(try folder.status("lock")?.size == first.size)
    #expect(try folder.entries().map(\.name) == ["lock"])
  }

  @Test("a lock file that was removed while somebody waited for it is not one any more")
  func removed() throws {
    let held = try lock(.exclusive)
    try folder.remove("lock")
    // Whoever comes now finds another one; nobody relies on what is left of the first.
    _ = try lock(.exclusive)
    withExtendedLifetime(held) {}
  }

  @Test("what others put in the place of the lock file is refused, and left alone")
  func somethingElseInTheWay() throws {
    try temporary.write("precious", to: "other")
    for command in ["ln -s other lock", "ln other lock", "mkdir lock", "mkfifo lock"] {
      try temporary.shell(command)
      let error = try #require(refusal(.exclusive))
      #expect(error.code != .lockTimeout)
      #expect(try temporary.text("other") == "precious")
      try temporary.shell("rm -r lock")
    }
  }

  @Test("a longer introduction leaves nothing behind in a shorter one")
  func introductions() throws {
    do { _ = try lock(.exclusive, owner: "a-rather-long-command") }
    let held = try lock(.exclusive, timeout: 5, owner: "b")
    #expect(refusal(.shared, timeout: 0)?.problem.contains("\(Process.identifier) (b)") == true)
    withExtendedLifetime(held) {}
  }
}
