import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Who has a file open")
struct FileUseTests {
  let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    try temporary.write("content", to: "image")
  }

  /// Opens the file (argument 1) with the flags of argument 2 and waits.
  static let opener = """
    import os, sys
    fd = os.open(sys.argv[1], int(sys.argv[2]))
    print("open", flush=True)
    sys.stdin.readline()
    """

  func child(flags: Int32) throws -> TestProcess {
    let child = try TestProcess(
      python: Self.opener, temporary.path.appending("image").text, String(flags))
    #expect(try child.line() == "open")
    return child
  }

  @Test(
    "the only one to have a file open is told so, whichever way it is open",
    arguments: [O_RDONLY, O_RDWR])
  func alone(flags: Int32) throws {
    let mine = try temporary.folder().open("image", flags: flags)
    #expect(mine.isOnlyInstance(countingReaders: true) == true)
    #expect(mine.isOnlyInstance(countingReaders: true) == true)
  }

  @Test("a second descriptor of the same process counts")
  func second() throws {
    let mine = try temporary.open("image")
    do {
      let other = try temporary.open("image")
      #expect(mine.isOnlyInstance(countingReaders: true) == false)
      withExtendedLifetime(other) {}
    }
    #expect(mine.isOnlyInstance(countingReaders: true) == true)
  }

  @Test(
    "another process counts until it is gone", .enabled(if: TestProcess.canRun),
    arguments: [O_RDONLY, O_WRONLY])
  func otherProcess(flags: Int32) throws {
    let mine = try temporary.open("image")
    let child = try child(flags: flags)
    #expect(mine.isOnlyInstance(countingReaders: true) == false)
    child.kill()
    #expect(mine.isOnlyInstance(countingReaders: true) == true)
  }

  @Test("a mapping counts after its descriptor is closed", .enabled(if: TestProcess.canRun))
  func mapping() throws {
    let mine = try temporary.open("image")
    let program = """
      import mmap, os, sys
      fd = os.open(sys.argv[1], os.O_RDWR)
      held = mmap.mmap(fd, 0)
      os.close(fd)
      print("mapped", flush=True)
      sys.stdin.readline()
      """
    let child = try TestProcess(python: program, temporary.path.appending("image").text)
    #expect(try child.line() == "mapped")
    #expect(mine.isOnlyInstance(countingReaders: true) == false)
    child.kill()
  }

  @Test("where only writers matter, readers do not count", .enabled(if: TestProcess.canRun))
  func readersAside() throws {
    let mine = try temporary.folder().open("image", flags: O_RDONLY)
    let reader = try child(flags: O_RDONLY)
    #expect(mine.isOnlyInstance(countingReaders: false) == true)
    #expect(mine.isOnlyInstance(countingReaders: true) == false)
    let writer = try child(flags: O_RDWR)
    #expect(mine.isOnlyInstance(countingReaders: false) == false)
    writer.kill()
    #expect(mine.isOnlyInstance(countingReaders: false) == true)
    reader.kill()
  }

  @Test("another name of the file is the same file")
  func hardLink() throws {
    try temporary.shell("ln image second")
    let mine = try temporary.open("image")
    let other = try temporary.open("second")
    #expect(mine.isOnlyInstance(countingReaders: true) == false)
    withExtendedLifetime(other) {}
  }

  @Test("what cannot have a lease gets no answer")
  func noLease() throws {
    #expect(
      try Descriptor(opening: Path("/dev/null"), flags: O_RDWR).isOnlyInstance(
        countingReaders: true) == nil)
  }

  @Test(
    "holders are named by command and pid, without this process", .enabled(if: TestProcess.canRun))
  func holders() throws {
    let mine = try temporary.open("image")
    let identity = try mine.status().identity
    let (proc, sys) = (Path("/proc"), Path("/sys"))
    func holders(countingReaders: Bool = true) throws -> [String] {
      try OpenFiles.holders(
        of: identity, countingReaders: countingReaders, proc: proc, sys: sys)
    }
    #expect(try holders() == [])
    let first = try child(flags: O_RDONLY)
    let second = try child(flags: O_RDWR)
    let pids = [first, second].map(\.identifier).sorted()
    #expect(try holders() == pids.map { "python3 (pid \($0))" })
    #expect(try holders(countingReaders: false) == ["python3 (pid \(second.identifier))"])
    first.kill()
    second.kill()
    #expect(try holders() == [])
  }

  @Test("without /proc or /sys holders are not known, which is not the same as none")
  func noProc() throws {
    let identity = try temporary.open("image").status().identity
    let places = [
      (temporary.path, Path("/sys")), (Path("/nonexistent"), Path("/sys")),
      (Path("/proc"), Path("/nonexistent")),
    ]
    for (proc, sys) in places {
      let error = #expect(throws: StorageError.self) {
        try OpenFiles.holders(of: identity, countingReaders: true, proc: proc, sys: sys)
      }
      #expect(error?.code == .busy)
      #expect(error?.problem.hasPrefix("cannot tell who uses it: ") == true)
    }
  }

  @Test(
    "a loop device over the file is a holder",
    .enabled(if: MountedFileSystem.isPossible("ext4"), "needs root and loop devices"))
  func loopDevice() throws {
    try temporary.shell("truncate -s 1M image")
    let device = try temporary.shell("losetup --find --show image").trimmed
    defer { _ = Shell.run("losetup --detach \(device)") }
    let mine = try temporary.open("image")
    let identity = try mine.status().identity
    #expect(mine.isOnlyInstance(countingReaders: true) == false)
    let holders = try OpenFiles.holders(
      of: identity, countingReaders: true, proc: Path("/proc"), sys: Path("/sys"))
    #expect(holders == [device])
    let name = Path(device).lastComponent
    #expect(try OpenFiles.loopsBacked(by: identity, sys: Path("/sys")) == [name])
  }

  @Test(
    "QEMU's locks are seen, other locks are not taken for them", .enabled(if: TestProcess.canRun))
  func qemuLocks() throws {
    let mine = try temporary.open("image")
    let program = """
      import fcntl, os, struct, sys
      fd = os.open(sys.argv[1], os.O_RDWR)
      start = int(sys.argv[2])
      fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, start, 1, 0))
      print("locked", flush=True)
      sys.stdin.readline()
      """
    for (byte, isQEMU) in [(0, false), (100, true), (103, true), (201, true), (150, false)] {
      let child = try TestProcess(
        python: program, temporary.path.appending("image").text, String(byte))
      #expect(try child.line() == "locked")
      #expect(try mine.isLockedByQEMU() == isQEMU, "byte \(byte)")
      child.kill()
    }
  }
}
