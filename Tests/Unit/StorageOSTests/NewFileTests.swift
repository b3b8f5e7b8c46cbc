import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Files that appear whole")
struct NewFileTests {
  let temporary: TemporaryFolder
  let folder: Folder
  let failure = StorageError(.inputOutput, "test", "ends here")

  init() throws {
    temporary = try TemporaryFolder()
    folder = try temporary.folder()
  }

  @Test("the content is there under the name with the mode asked for", arguments: [true, false])
  func whole(replacing: Bool) throws {
    try folder.makeFile("file", mode: 0o640, replacing: replacing) { file throws(StorageError) in
      try file.write(Array("content".utf8))
    }
    #expect(try temporary.text("file") == "content")
    #expect(try temporary.names() == ["file"])
    #expect(try folder.status("file")?.mode == 0o640)
  }

  @Test("what fails while filling leaves nothing", arguments: [true, false])
  func failing(replacing: Bool) throws {
    #expect(throws: failure) {
      try folder.makeFile("file", mode: 0o600, replacing: replacing) { file throws(StorageError) in
        try file.write([1, 2, 3])
        throw failure
      }
    }
    #expect(try temporary.names() == [])
  }

  @Test("what fails while replacing leaves the old content")
  func failingReplacement() throws {
    try temporary.write("old", to: "file")
    #expect(throws: failure) {
      try folder.makeFile("file", mode: 0o600, replacing: true) { file throws(StorageError) in
        try file.write(Array("new".utf8))
        throw failure
      }
    }
    #expect(try temporary.names() == ["file"])
    #expect(try temporary.text("file") == "old")
  }

  @Test("replacing gives a new file and leaves readers of the old one alone")
  func replacing() throws {
    try temporary.write("old", to: "file")
    let reader = try folder.open("file", flags: Descriptor.readOnly)
    try folder.makeFile("file", mode: 0o600, replacing: true) { file throws(StorageError) in
      try file.write(Array("newer".utf8))
    }
    #expect(try temporary.text("file") == "newer")
    #expect(try reader.read(at: 0, count: 10) == Array("old".utf8))
  }

  @Test("an existing file is never replaced unless asked for")
  func notReplacing() throws {
    try temporary.write("old", to: "file")
    do throws(StorageError) {
      try folder.makeFile("file", mode: 0o600, replacing: false) { file throws(StorageError) in
        try file.write(Array("new".utf8))
      }
      Issue.record("no error")
    } catch {
      #expect(error.code == .exists)
      #expect(error.subject == temporary.path.appending("file").text)
    }
    #expect(try temporary.names() == ["file"])
    #expect(try temporary.text("file") == "old")
  }

  @Test("a file that appears while another is being filled is not replaced")
  func raced() throws {
    #expect(throws: StorageError.self) {
      try folder.makeFile("file", mode: 0o600, replacing: false) { file throws(StorageError) in
        try file.write(Array("late".utf8))
        _ = try folder.create("file", mode: 0o600)
      }
    }
    #expect(try temporary.names() == ["file"])
    #expect(try temporary.text("file") == "")
  }

  @Test("a new file has no name until it is whole, where the file system can do that")
  func unnamed() throws {
    var seen: [String] = ["?"]
    try folder.makeFile("file", mode: 0o600, replacing: false) { _ throws(StorageError) in
      seen = try folder.entries().map(\.name)
    }
    #expect(seen == [])
  }

  @Test("a replacement has no name either until it is whole, where the file system can do that")
  func unnamedReplacement() throws {
    var seen: [String] = ["?"]
    try folder.makeFile("file", mode: 0o600, replacing: true) { _ throws(StorageError) in
      seen = try folder.entries().map(\.name)
    }
    try folder.makeFile("f", mode: 0o600, replacing: true, temporaryPrefix: "X") {
      _ throws(StorageError) in
      seen += try folder.entries().map(\.name)
    }
    #expect(seen == ["file"])
    #expect(try temporary.names() == ["f", "file"])
  }

  @Test("a link of that name is replaced, never written through")
  func linkInTheWay() throws {
    try temporary.shell("mkdir target; echo precious > target/file; ln -s target/file link")
    #expect(throws: StorageError.self) {
      try folder.makeFile("link", mode: 0o600, replacing: false) { _ throws(StorageError) in }
    }
    try folder.write("mine", to: "link")
    #expect(try temporary.text("target/file") == "precious\n")
    #expect(try folder.status("link")?.kind == .regular)
  }

  @Test("an error names the file that was meant, not the temporary one")
  func errorNamesTheFile() throws {
    try temporary.shell("mkdir file; : > file/inside")
    do throws(StorageError) {
      try folder.write("x", to: "file")
      Issue.record("no error")
    } catch {
      #expect(error.subject == temporary.path.appending("file").text)
      #expect(error.failedUndo == [])
    }
    #expect(try temporary.names() == ["file", "file/inside"])
  }

  @Test("writing a small file again removes what a killed writer of it left, and nothing else")
  func leftOvers() throws {
    try temporary.shell(": > conf~abcdefgh; : > conf~abcdefghi; : > conf~; : > other~abcdefgh")
    try folder.write("new", to: "conf")
    #expect(try temporary.names() == ["conf", "conf~", "conf~abcdefghi", "other~abcdefgh"])
  }

  @Test("scratch files have no name")
  func scratch() throws {
    let scratch = try #require(try folder.openScratch())
    try scratch.write([1])
    #expect(try scratch.status().links == 0)
    #expect(try temporary.names() == [])
  }

  @Test("suffixes of temporary names are eight small letters and digits, and differ")
  func suffixes() {
    let many = (0..<1000).map { _ in randomSuffix() }
    #expect(Set(many).count == many.count)
    #expect(
      many.allSatisfy { suffix in
        suffix.utf8.count == 8
          && suffix.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
      })
  }
}
