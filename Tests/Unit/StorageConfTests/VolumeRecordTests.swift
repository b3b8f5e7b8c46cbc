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
    #expect(try record.text(file: "v") == text)
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

  @Test func sourceThatCannotBeWritten() throws {
    var record = VolumeRecord()
    record.lifecycle.source = VolumeName(found: "a ;b")
    #expect(throws: ConfProblem.self) { try record.text(file: "v") }
  }
}
