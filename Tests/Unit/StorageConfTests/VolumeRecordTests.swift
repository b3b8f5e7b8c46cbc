import StorageConf
import StorageModel
import Testing

@Suite("Records of volumes")
struct VolumeRecordTests {
  static func read(_ text: String) throws(ConfProblem) -> VolumeRecord {
    try VolumeRecord.read(Array(text.utf8), file: "v")
  }

  @Test func everything() throws {
    let text = """
      [volume]
      format=qcow2
      rw=no
      snap_on_start=yes
      save_on_stop=no
      revisions_to_keep=-1
      source=appvms/base/root
      ephemeral=no
      size=1048576
      sector_size=4096
      identity=0a-1b
      unfinished=import
      pinned=3@2026-03-01T12:00:00Z,12@2026-03-02T00:00:00Z
      last_revision=14

      """
    let record = try Self.read(text)
    #expect(record.format == .qcow2)
    #expect(record.lifecycle.isWritable == false)
    #expect(record.lifecycle.snapOnStart == true)
    #expect(record.lifecycle.saveOnStop == false)
    #expect(record.lifecycle.revisionsToKeep == .disabled)
    #expect(record.lifecycle.source?.text == "appvms/base/root")
    #expect(record.lifecycle.ephemeral == false)
    #expect(record.size == .mebibyte)
    #expect(record.sectorSize == 4096)
    #expect(record.identity == "0a-1b")
    #expect(record.unfinished == .import)
    #expect(record.pinned.map(\.number) == [3, 12])
    #expect(record.lastRevision == 14)
    #expect(try record.text(file: "v") == text)
  }

  @Test(
    "the highest number of a revision stays used when the newest goes, and a pin goes with its revision"
  )
  func revisionsThatGo() {
    let all = (1...3).map { Revision(number: $0, time: Timestamp(seconds: 0)) }
    var record = VolumeRecord()
    record.pinned = [all[0], all[2]]
    record.letGo(of: [all[0]], among: all)
    #expect(record.pinned == [all[2]] && record.lastRevision == nil)
    #expect(record.highestNumber(among: Array(all[1...])) == 3)
    record.letGo(of: [all[2]], among: Array(all[1...]))
    #expect(record.pinned.isEmpty && record.lastRevision == 3)
    #expect(record.highestNumber(among: [all[1]]) == 3)
    // Somebody else numbered on from what was there.
    let others = [all[1], Revision(number: 5, time: Timestamp(seconds: 0))]
    #expect(record.highestNumber(among: others) == 5)
  }

  @Test func nothing() throws {
    #expect(try Self.read("") == VolumeRecord())
    #expect(try VolumeRecord().text(file: "v") == "[volume]\n")
    #expect(try Self.read("[volume]\nsource=\n") == VolumeRecord())
  }

  @Test(arguments: ["yes", "TRUE", "On", "1"]) func truths(text: String) throws {
    #expect(try Self.read("[volume]\nrw=\(text)").lifecycle.isWritable == true)
  }

  @Test(arguments: ["no", "False", "OFF", "0"]) func falsehoods(text: String) throws {
    #expect(try Self.read("[volume]\nrw=\(text)").lifecycle.isWritable == false)
  }

  @Test(arguments: [
    (
      "[volume]\nrw=maybe",
      "v:2: rw: 'maybe' is not accepted: expected yes, true, on or 1, or no, false, off or 0"
    ),
    (
      "[volume]\n\nsize=x",
      "v:3: size: 'x' is not accepted: expected a size: not a whole number of bytes, with an optional unit such as KiB, MB or G"
    ),
    ("[volume]\nsource=../x", "v:2: source: '../x' is not accepted: expected the name of a volume"),
    (
      "[volume]\npinned=3",
      "v:2: pinned: '3' is not accepted: expected revisions as NUMBER@TIME, with commas between them"
    ),
    (
      "[volume]\nlast_revision=9223372036854775807",
      "v:2: last_revision: '9223372036854775807' is not accepted: expected the number of a revision"
    ),
    ("[volume]\nnew=1", "v:2: unknown key 'new' in [volume]"),
    ("[volumes]\nrw=1", "v:1: unknown section [volumes]"),
    (
      "[volume]\nrevisions_to_keep=-2",
      "v:2: revisions_to_keep: '-2' is not accepted: expected -1, 0 or a positive number"
    ),
  ])
  func refusals(text: String, message: String) {
    do {
      _ = try Self.read(text)
      Issue.record("accepted")
    } catch { #expect(error.text == message) }
  }

  @Test(
    "whatever a name is, it is read as it was written",
    arguments: [
      "a ;b", ";semi", " lead", "trail ", "y ; z", "\"\"", "100%", "a%20b", "%", "%4", "\u{e9}% ",
      "plain",
    ])
  func names(text: String) throws {
    var record = VolumeRecord()
    record.lifecycle.source = VolumeName(found: text)
    record.renamedFrom = VolumeName(found: text)
    let written = try record.text(file: "v")
    #expect(try Self.read(written) == record)
    #expect(record.renamedFrom != nil)
    #expect(written.contains("source=\(text)\n") == (text == "plain"))
  }

  @Test("what is written in the place of a record leaves its comments, whatever bytes they are")
  func commentsStay() throws {
    let present =
      Array("# mine\n[volume]\nformat = raw ; as made\nrw=no\n; kept\n".utf8) + [35, 0xff, 10]
    var record = try VolumeRecord.read(present, file: "f")
    record.lifecycle.isWritable = nil
    record.lifecycle.saveOnStop = false
    let bytes = try record.bytes(file: "f", replacing: present)
    #expect(
      bytes
        == Array("# mine\n[volume]\nformat = raw ; as made\nsave_on_stop = no\n; kept\n".utf8)
        + [35, 0xff, 10])
    #expect(try VolumeRecord.read(bytes, file: "f") == record)
  }

  @Test("of what cannot be understood nothing stays")
  func nothingStays() throws {
    let record = VolumeRecord(format: .raw)
    for present in [
      "", "# mine\n", "[other]\nk=v\n", "nonsense\n", "[volume]\nformat=nonsense\nk=v\n",
    ] {
      let bytes = try record.bytes(file: "f", replacing: Array(present.utf8))
      #expect(try VolumeRecord.read(bytes, file: "f") == record)
    }
    #expect(try record.bytes(file: "f", replacing: nil) == Array("[volume]\nformat=raw\n".utf8))
  }
}
