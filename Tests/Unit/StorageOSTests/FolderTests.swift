import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Folders held open")
struct FolderTests {
  let temporary: TemporaryFolder
  let folder: Folder

  init() throws {
    temporary = try TemporaryFolder()
    try temporary.shell(
      "mkdir -p pool/sub outside && echo in > pool/sub/file && echo out > outside/file")
    folder = try Folder(opening: temporary.path.appending("pool"))
  }

  func code(_ body: () throws(StorageError) -> Void) -> StorageError.Code? {
    do throws(StorageError) {
      try body()
      return nil
    } catch { return error.code }
  }

  @Test("a file below is opened by its relative name")
  func opens() throws {
    let file = try folder.open("sub/file", flags: Descriptor.readOnly)
    #expect(try file.read(at: 0, count: 100) == Array("in\n".utf8))
    #expect(file.path == temporary.path.appending("pool/sub/file"))
  }

  @Test(
    "nothing outside is reached by dots or an absolute name",
    arguments: ["..", "../outside/file", "sub/../../outside/file", "/etc/passwd", "sub/../.."])
  func staysBeneath(name: String) {
    #expect(code { () throws(StorageError) in _ = try folder.open(name, flags: O_RDONLY) } != nil)
    #expect(code { () throws(StorageError) in _ = try folder.folder(name) } != nil)
    #expect(code { () throws(StorageError) in _ = try folder.create(name, mode: 0o600) } != nil)
    #expect(code { () throws(StorageError) in _ = try folder.openForWriting(name) } != nil)
  }

  @Test("dots that stay inside are allowed")
  func innerDots() throws {
    #expect(try folder.open("sub/../sub/./file", flags: O_RDONLY).status().size == 3)
  }

  @Test(
    "a symbolic link is never passed through, neither in the middle nor at the end, nor to the inside"
  )
  func symbolicLinks() throws {
    try temporary.shell(
      "cd pool; ln -s ../outside away; ln -s sub inner; ln -s sub/file last; ln -s nowhere broken; ln -s /proc/self/root magic"
    )
    for name in ["away/file", "inner/file", "last", "broken", "magic/etc/passwd", "away", "inner"] {
      #expect(
        code { () throws(StorageError) in _ = try folder.open(name, flags: O_RDONLY) } != nil,
        "\(name)")
      #expect(
        code { () throws(StorageError) in _ = try folder.openForWriting(name) } != nil, "\(name)")
      #expect(code { () throws(StorageError) in _ = try folder.folder(name) } != nil, "\(name)")
    }
    #expect(throws: StorageError.self) { try folder.create("broken", mode: 0o600) }
    #expect(throws: StorageError.self) { try folder.create("away/new", mode: 0o600) }
    #expect(try temporary.shell("ls outside") == "file\n")
  }

  @Test("a link is not taken for an absent file")
  func linkIsNotAbsent() throws {
    try temporary.shell("ln -s nowhere pool/broken; ln -s ../outside pool/away")
    #expect(throws: StorageError.self) { try folder.openIfPresent("broken") }
    #expect(throws: StorageError.self) { try folder.folderIfPresent("away") }
    #expect(try folder.openIfPresent("nothing") == nil)
    #expect(try folder.folderIfPresent("nothing") == nil)
    #expect(try folder.folderIfPresent("nothing/deeper") == nil)
  }

  @Test("the status of a link is that of the link itself, also further down")
  func statusOfLinks() throws {
    try temporary.shell("ln -s ../outside/file pool/link; ln -s ../../outside/file pool/sub/link")
    #expect(try folder.status("link")?.kind == .symbolicLink)
    #expect(try folder.status("sub/link")?.kind == .symbolicLink)
    #expect(try folder.status("sub/file")?.kind == .regular)
    #expect(try folder.status("sub")?.kind == .folder)
    #expect(try folder.status("nothing") == nil)
    #expect(try folder.status("sub/nothing") == nil)
    #expect(try folder.status("nothing/file") == nil)
    try temporary.shell("ln -s ../outside pool/away")
    #expect(throws: StorageError.self) { try folder.status("away/file") }
  }

  @Test("a component that is swapped for a link after the folder was opened does not lead away")
  func swappedComponent() throws {
    let held = try folder.folder("sub")
    try temporary.shell("mv pool/sub pool/old && ln -s ../outside pool/sub")
    #expect(throws: StorageError.self) { try folder.open("sub/file", flags: O_RDONLY) }
    #expect(try held.open("file", flags: O_RDONLY).read(at: 0, count: 9) == Array("in\n".utf8))
  }

  @Test("opening a FIFO below the folder does not wait for a writer", .timeLimit(.minutes(1)))
  func fifo() throws {
    try temporary.shell("mkfifo pool/fifo")
    #expect(throws: StorageError.self) { try folder.open("fifo", flags: O_WRONLY) }
    let opened = try folder.open("fifo", flags: O_RDONLY)
    #expect(try opened.status().kind == .other)
  }

  @Test("opening a FIFO by its path does not wait for a writer", .timeLimit(.minutes(1)))
  func fifoByPath() throws {
    try temporary.shell("mkfifo pool/fifo; (sleep 2; : > pool/fifo) > /dev/null 2>&1 &")
    let start = Clock.monotonicSeconds()
    let opened = try? Descriptor(reading: temporary.path.appending("pool/fifo"))
    #expect(Clock.monotonicSeconds() - start < 1)
    #expect(opened != nil)
  }

  @Test("a folder is not a file to write, and a file is no folder")
  func kinds() throws {
    #expect(throws: StorageError.self) { try folder.openForWriting("sub") }
    #expect(throws: StorageError.self) { try folder.folder("sub/file") }
    #expect(code { () throws(StorageError) in _ = try folder.folder("nothing") } == .notFound)
  }

  @Test("entries are all names with their kinds, but for the two dots and names that are no text")
  func entries() throws {
    try temporary.shell(
      "cd pool; ln -s x link; mkfifo fifo; : > .hidden; : > 'a b'; printf x > \"$(printf 'bad\\377')\""
    )
    let entries = try folder.entries()
    let kinds = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.kind) })
    #expect(Set(kinds.keys) == ["sub", "link", "fifo", ".hidden", "a b"])
    #expect(kinds["sub"] == .folder)
    #expect(kinds["link"] == .symbolicLink)
    #expect(kinds["fifo"] == .other)
    #expect(kinds[".hidden"] == .regular)
    #expect(try folder.entries().count == entries.count)
  }

  @Test("a folder is made once, and anything else of that name is an error")
  func makeFolder() throws {
    #expect(try folder.makeFolder("new", mode: 0o711))
    #expect(try !folder.makeFolder("new", mode: 0o700))
    #expect(try folder.status("new")?.mode == 0o711)
    try temporary.shell(": > pool/plain; ln -s sub pool/link")
    #expect(
      code { () throws(StorageError) in try folder.makeFolder("plain", mode: 0o700) } == .notFound)
    #expect(
      code { () throws(StorageError) in try folder.makeFolder("link", mode: 0o700) } == .notFound)
  }

  @Test("folders are made with their parents, and links among the parents are refused")
  func makeFolders() throws {
    let heritage = Heritage(of: try folder.descriptor.status())
    let made = try folder.makeFolders("a/b/c", heritage)
    #expect(made.path == temporary.path.appending("pool/a/b/c"))
    #expect(try folder.makeFolders("a/b", heritage).entries().map(\.name) == ["c"])
    try temporary.shell("ln -s ../outside pool/away")
    #expect(throws: StorageError.self) { try folder.makeFolders("away/deep", heritage) }
    #expect(try temporary.shell("ls outside") == "file\n")
  }

  @Test("removing tells whether there was anything to remove")
  func removing() throws {
    #expect(try folder.remove("sub/file"))
    #expect(try !folder.remove("sub/file"))
    #expect(try folder.removeFolder("sub"))
    #expect(try !folder.removeFolder("sub"))
    try folder.makeFolder("full", mode: 0o700)
    try temporary.write("x", to: "pool/full/x")
    #expect(
      code { () throws(StorageError) in try folder.removeFolder("full") } == .busy)
    try temporary.shell("ln -s ../outside/file pool/link")
    #expect(try folder.remove("link"))
    #expect(try temporary.text("outside/file") == "out\n")
  }

  @Test("changes of names do not pass through a link either")
  func changesStayBeneath() throws {
    try temporary.shell("ln -s ../outside pool/away; : > pool/mine")
    #expect(throws: StorageError.self) { try folder.remove("away/file") }
    #expect(throws: StorageError.self) { try folder.removeFolder("away/file") }
    #expect(throws: StorageError.self) { try folder.rename("mine", to: "away/moved") }
    #expect(throws: StorageError.self) { try folder.rename("away/file", to: "taken") }
    #expect(throws: StorageError.self) { try folder.link("away/file", to: "second", in: folder) }
    #expect(throws: StorageError.self) { try folder.link("mine", to: "away/second", in: folder) }
    #expect(throws: StorageError.self) { try folder.makeFolder("away/made", mode: 0o700) }
    #expect(try temporary.shell("ls outside") == "file\n")
    #expect(try temporary.shell("ls pool") == "away\nmine\nsub\n")
  }

  @Test("changes of names further down work where no link is in the way")
  func nestedChanges() throws {
    #expect(try folder.makeFolder("sub/deep", mode: 0o700))
    try folder.rename("sub/file", to: "sub/deep/moved")
    try folder.link("sub/deep/moved", to: "second", in: folder)
    #expect(try folder.remove("sub/deep/moved"))
    #expect(try !folder.remove("sub/deep/moved"))
    #expect(try !folder.remove("sub/nothing/moved"))
    #expect(try folder.removeFolder("sub/deep"))
    #expect(try temporary.names().filter { $0.hasPrefix("pool/") } == ["pool/second", "pool/sub"])
  }

  @Test("renaming replaces, or refuses to where that was asked for")
  func renaming() throws {
    try temporary.write("a", to: "pool/a")
    try temporary.write("b", to: "pool/b")
    #expect(
      code { () throws(StorageError) in
        try folder.rename("a", to: "b", exclusive: true)
      } == .exists)
    #expect(try temporary.text("pool/b") == "b")
    try folder.rename("a", to: "b")
    #expect(try temporary.text("pool/b") == "a")
    try folder.rename("b", to: "moved", in: folder.folder("sub"), exclusive: true)
    #expect(try temporary.text("pool/sub/moved") == "a")
    #expect(
      code { () throws(StorageError) in try folder.rename("gone", to: "x") } == .notFound)
  }

  @Test("a second name is the same file, and never replaces one")
  func linking() throws {
    let sub = try folder.folder("sub")
    try sub.link("file", to: "second", in: folder)
    #expect(try folder.status("second")?.identity == sub.status("file")?.identity)
    #expect(try folder.status("second")?.links == 2)
    #expect(
      code { () throws(StorageError) in try sub.link("file", to: "second", in: folder) } == .exists)
  }

  @Test("a symbolic link replaces one of its name in one step")
  func makeSymbolicLink() throws {
    try folder.makeSymbolicLink("link", to: "one")
    try folder.makeSymbolicLink("link", to: "two")
    #expect(try temporary.shell("readlink pool/link") == "two\n")
    #expect(try temporary.shell("ls -A pool") == "link\nsub\n")
  }
}
