import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Whom files in somebody's folder belong to")
struct HeritageTests {
  let temporary: TemporaryFolder
  let folder: Folder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try temporary.folder()
  }

  func heritage(_ mode: UInt32) throws -> Heritage {
    try folder.descriptor.setMode(mode)
    return Heritage(of: try folder.descriptor.status())
  }

  @Test(
    "modes follow the folder's",
    arguments: [
      // folder; folders below, records, locks, what is added to content
      (0o700, 0o700, 0o600, 0o600, 0), (0o711, 0o711, 0o600, 0o600, 0),
      (0o755, 0o755, 0o644, 0o600, 0), (0o775, 0o775, 0o664, 0o660, 0),
      (0o2775, 0o2775, 0o664, 0o660, 0o060), (0o2770, 0o2770, 0o660, 0o660, 0o060),
      (0o1777, 0o1777, 0o666, 0o666, 0),
    ] as [(UInt32, UInt32, UInt32, UInt32, UInt32)])
  func modes(folder: UInt32, folders: UInt32, records: UInt32, locks: UInt32, content: UInt32)
    throws
  {
    let heritage = try heritage(folder)
    #expect(heritage.folderMode == folders)
    #expect(heritage.fileMode == records)
    #expect(heritage.lockMode == locks)
    #expect(heritage.sharedMode == content)
  }

  @Test("folders are made as the heritage says, whatever the file mode mask is")
  func folders() throws {
    let made = try folder.makeFolders("a/b", heritage(0o2775))
    #expect(try made.descriptor.status().mode == 0o2775)
    #expect(try folder.status("a")?.mode == 0o2775)
    // What is there stays as it is.
    try folder.folder("a").descriptor.setMode(0o700)
    _ = try folder.makeFolders("a/b", heritage(0o755))
    #expect(try folder.status("a")?.mode == 0o700)
  }

  @Test("root gives what it makes to the folder's owner", .enabled(if: Process.isRoot))
  func root() throws {
    try folder.descriptor.setOwner(54321, group: 54322)
    let heritage = Heritage(of: try folder.descriptor.status())
    let made = try folder.makeFolders("a", heritage).descriptor.status()
    #expect(made.owner == 54321)
    #expect(made.group == 54322)
    try folder.write("x", to: "record", heritage: heritage)
    try folder.replace("mark", with: "x", heritage: heritage)
    for name in ["record", "mark"] {
      let file = try #require(try folder.status(name))
      #expect(file.owner == 54321)
      #expect(file.group == 54322)
    }
  }
}
