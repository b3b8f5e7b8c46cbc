import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Files that a change holds on to")
struct FileClaimTests {
  let temporary: TemporaryFolder
  let path: Path

  init() throws {
    temporary = try TemporaryFolder()
    try temporary.write("content", to: "file")
    path = temporary.path.appending("file")
    // What the kernel tells of broken leases would end the process.
    Process.ignoreSignals(brokenPipe: true)
  }

  func claim() throws -> FileClaim {
    FileClaim(try Descriptor(opening: path, flags: Descriptor.readOnly))
  }

  /// Opens the file for writing as another program does, and says when it has it.
  static let writer = """
    import os, sys
    print("coming", flush=True)
    fd = os.open(sys.argv[1], os.O_WRONLY)
    print("open", flush=True)
    sys.stdin.readline()
    """

  @Test("a file that somebody writes to is not sealed", .enabled(if: TestProcess.canRun))
  func written() throws {
    let writer = try TestProcess(python: Self.writer, path.text)
    #expect(try writer.line() == "coming")
    #expect(try writer.line() == "open")
    #expect(try claim().seal() == false)
    writer.kill()
  }

  @Test("readers are let in, this process's own and others")
  func read() throws {
    let claim = try claim()
    try #require(claim.seal() == true)
    _ = try Descriptor(opening: path, flags: Descriptor.readOnly)
    #expect(!claim.isBeset)
    claim.release()
  }

  @Test(
    "who wants to write waits until the file is released, and is noticed",
    .enabled(if: TestProcess.canRun), .timeLimit(.minutes(1)))
  func waiting() throws {
    let claim = try claim()
    try #require(claim.seal() == true)
    let writer = try TestProcess(python: Self.writer, path.text)
    #expect(try writer.line() == "coming")
    while !claim.isBeset { usleep(2_000) }
    claim.release()
    #expect(try writer.line() == "open")
    #expect(try self.claim().seal() == false)
    writer.kill()
  }

  @Test("where there are no leases there is no word")
  func none() throws {
    let claim = FileClaim(try Descriptor(opening: Path("/dev/null"), flags: 0))
    #expect(claim.seal() == nil)
    #expect(claim.seal() == nil)
  }
}
