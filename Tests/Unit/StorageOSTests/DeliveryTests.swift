import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Delivering content")
struct DeliveryTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// Writes the whole file `source` to a path.
  func export(_ source: Descriptor, to path: Path) throws(StorageError) {
    try Transfer.deliver(to: .path(path, mode: 0o600)) { target, start, _ throws(StorageError) in
      var transfer = Transfer(from: source, to: target)
      transfer.targetStart = start
      return try transfer.run().end
    }
  }

  @Test("an export to a new file keeps holes and is for the owner alone")
  func exportToNewFile() throws {
    try temporary.shell("truncate -s 16M file; echo end >> file")
    let out = temporary.path.appending("out")
    try export(temporary.open("file"), to: out)
    try temporary.shell("cmp file out")
    let status = try FileStatus(following: out)
    #expect(status.allocated < 1_000_000)
    #expect(status.mode == 0o600)
  }

  @Test("an export over an existing file replaces it whole and keeps its mode")
  func exportOverFile() throws {
    try temporary.shell("echo new > file; echo older and longer > out; chmod 640 out")
    try export(temporary.open("file"), to: temporary.path.appending("out"))
    #expect(try temporary.text("out") == "new\n")
    #expect(try FileStatus(following: temporary.path.appending("out")).mode == 0o640)
    #expect(try temporary.names() == ["file", "out"])
  }

  @Test("an export to a link to a file writes that file and leaves the link")
  func exportToLink() throws {
    try temporary.shell("echo new > file; mkdir far; echo old > far/out; ln -s far/out link")
    try export(temporary.open("file"), to: temporary.path.appending("link"))
    #expect(try temporary.text("far/out") == "new\n")
    #expect(try temporary.shell("readlink link") == "far/out\n")
  }

  @Test("an export to a folder is refused, and to a folder that is not there")
  func exportToFolder() throws {
    try temporary.shell("echo x > file; mkdir dir")
    func code(_ name: String) throws -> StorageError.Code? {
      let source = try temporary.open("file")
      do throws(StorageError) {
        try export(source, to: temporary.path.appending(name))
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
    let child = try TestProcess(python: TransferTests.reader, fifo.text)
    try export(temporary.open("file"), to: fifo)
    let digest = try temporary.shell("sha256sum < file").split(separator: " ").first ?? ""
    #expect(try child.line() == "70000 \(digest)")
    #expect(try FileStatus(following: fifo).kind == .other)
  }

  @Test("an open file gets the content behind its position, which moves on, and keeps holes")
  func openFile() throws {
    try temporary.shell("truncate -s 8M file; echo end >> file; printf 'head\n' > out")
    let out = try temporary.open("out")
    #expect(try out.readPrefix(100).count == 5)
    let source = try temporary.open("file")
    try Transfer.deliver(to: .open(out)) { target, start, _ throws(StorageError) in
      var transfer = Transfer(from: source, to: target)
      transfer.targetStart = start
      return try transfer.run().end
    }
    try out.write(Array("tail\n".utf8))
    try temporary.shell("{ echo head; cat file; echo tail; } | cmp - out")
    #expect(try out.status().allocated < 1_000_000)
  }
}
