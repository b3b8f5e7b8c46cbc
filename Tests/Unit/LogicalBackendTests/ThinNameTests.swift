import StorageConf
import StorageModel
import Testing
import VolumeGroups

@testable import LogicalBackend

@Suite("Thin volumes by their names and tags")
struct ThinNameTests {
  private func row(_ name: String, tags: String = "", pool: String = "tp") throws -> ReportRow {
    let facts: [(ReportField, String)] = [
      (.name, name), (.uuid, "u-\(name)"), (.size, "4194304"), (.thinPool, pool),
      (.dataFill, "0.00"), (.tags, tags),
      (.segmentType, pool.isEmpty ? "thin-pool" : "thin"), (.attributes, "Vwi-a-tz--"),
      (.groupAttributes, "wz--n-"), (.extents, "100"), (.freeExtents, "0"),
      (.extentSize, "1048576"),
    ]
    let line = facts.map(\.1).joined(separator: "|")
    return try Report.rows(Array(line.utf8), fields: facts.map(\.0), subject: "vg")[0]
  }

  private func family(_ name: String, _ rows: [ReportRow]) throws -> ThinFamily {
    let group = try VolumeGroup("vg", rows: [row("tp", pool: "")] + rows)
    let volume = try #require(VolumeName(found: name))
    return try #require(group.family(volume, inThinPool: "tp"))
  }

  @Test(
    "a name says what it is",
    arguments: [
      ("vm-a-private", "vm-a-private", ThinRole.current), ("a-snap", "a", .working),
      ("a-import", "a", .importing), ("a-1521065906-back", "a", .back(1_521_065_906)),
      ("a-text-back", "a-text-back", .current),
      ("a-9223372036854775807-back", "a-9223372036854775807-back", .current),
      ("a-back", "a-back", .current),
      ("-snap", "-snap", .current), ("a-root", "a-root", .current),
    ])
  func roles(name: String, volume: String, role: ThinRole) throws {
    let found = try #require(ThinRole.of(name))
    #expect(found.0 == role && found.1.text == volume)
  }

  @Test("volumes whose names begin alike are told apart")
  func alike() throws {
    let rows = try [row("a"), row("a-root"), row("a-root-5-back"), row("a-7-back")]
    #expect(try family("a", rows).backs.map(\.volume.name) == ["a-7-back"])
    #expect(try family("a-root", rows).backs.map(\.volume.name) == ["a-root-5-back"])
  }

  @Test("revisions are called by their epochs, whichever others there are")
  func numbers() throws {
    let rows = try [row("a"), row("a-30-back"), row("a-20-back"), row("a-10-back")]
    #expect(try family("a", rows).revisions.map(\.revision.identifier) == ["10", "20", "30"])
    let rest = try family("a", Array(rows[...1])).revisions
    #expect(rest.map(\.revision.identifier) == ["30"] && rest[0].revision.name == "30-back")
  }

  @Test("the next revision is later than every other, whatever the clock says")
  func clock() throws {
    let found = try family("a", [row("a"), row("a-200-back")])
    #expect(found.nextBack(now: 100) == "a-201-back")
    #expect(found.nextBack(now: 500) == "a-500-back")
  }

  @Test("the number of a revision that is gone is never given again")
  func removed() throws {
    let rows = try [row("a"), row("a-100-back"), row("a-200-back")]
    var found = try family("a", rows)
    #expect(found.record(without: ["a-100-back"]) == VolumeRecord())
    let record = found.record(without: ["a-200-back"])
    found = try family("a", Array(rows[...1]))
    #expect(found.nextBack(now: 200) == "a-200-back")
    found.record = record
    #expect(found.nextBack(now: 200) == "a-201-back")
    #expect(found.nextBack(now: 150) == "a-201-back")
  }

  @Test("without its own name the newest revision is the committed state")
  func interrupted() throws {
    let found = try family("a", [row("a-snap"), row("a-5-back"), row("a-9-back")])
    #expect(found.isInterrupted)
    #expect(found.committed?.name == "a-9-back")
    #expect(found.revisions.map(\.volume.name) == ["a-5-back"])
  }

  @Test("a record goes into a tag and comes back, whatever it holds")
  func tags() throws {
    var settings = LifecycleSettings()
    settings.snapOnStart = true
    settings.saveOnStop = false
    settings.isWritable = false
    settings.revisionsToKeep = .disabled
    settings.source = VolumeName(found: "vm-t_1.x+y-root")
    var record = VolumeRecord(lifecycle: settings, size: ByteCount(1 << 40))
    record.encryption = Encryption(format: .luks)
    record.encryption?.secrets = [.usage("a b/c=d&e;é")]
    let name = try #require(VolumeName(found: "vm-a-root"))
    let tag = try RecordTag.tag(record, of: name)
    #expect(tag.hasPrefix("cistern:volume:vm-a-root/"))
    #expect(tag.utf8.allSatisfy { LVMTag.isLegal($0) })
    #expect(RecordTag.names(in: ["other", tag]) == [name])
    #expect(RecordTag.tag(of: name, in: [tag]) == tag)
    #expect(RecordTag.tag(of: try #require(VolumeName(found: "vm-a")), in: [tag]) == nil)
    #expect(try RecordTag.record(tag) == record)
  }

  @Test("a tag that cannot be read keeps the volume from being judged")
  func badTag() throws {
    let pool = try row("tp", tags: "cistern:volume:a/colour=blue", pool: "")
    let group = try VolumeGroup("vg", rows: [pool, row("a")])
    let name = try #require(VolumeName(found: "a"))
    let found = try #require(group.family(name, inThinPool: "tp"))
    #expect(found.recordProblem != nil && found.record == nil)
  }

  @Test(
    "names that LVM keeps for itself are refused",
    arguments: ["snapshot1", "pvmove0", "a_tdata", "a b", "a/b", "-a", "", ".", "é"])
  func reserved(name: String) { #expect(LVMName.refusal(ofVolume: name, in: "vg") != nil) }

  @Test("device mapper's limit counts dashes twice")
  func length() {
    let name = String(repeating: "a", count: 124)
    #expect(LVMName.refusal(ofVolume: name, in: "vg") == nil)
    #expect(LVMName.refusal(ofVolume: name + "a", in: "vg") != nil)
    #expect(LVMName.refusal(ofVolume: String(repeating: "a-", count: 41), in: "vg") == nil)
    #expect(LVMName.refusal(ofVolume: String(repeating: "a-", count: 42), in: "vg") != nil)
  }
}

enum LVMTag {
  static func isLegal(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
      || "_+.-/=!:&#".utf8.contains(byte)
  }
}
