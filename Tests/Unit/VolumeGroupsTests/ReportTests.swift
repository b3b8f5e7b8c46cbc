import StorageModel
import Testing
import VolumeGroups

/// Reports as LVM 2.03.16 prints them, with the fields that are read.
enum Reports {
  static func row(
    _ name: String, size: String = "104857600", type: String = "linear", ranges: String = "",
    attributes: String = "-wi-a-----", origin: String = "", pool: String = "", data: String = "",
    metadata: String = "", tags: String = "", transaction: String = "",
    suspended: String = "", group: String = "wz--n-"
  ) -> String {
    [
      name, "7w1w2g-5bGH-ioRK-KSDT-kzye-A1e0-TIkevE", size, origin, pool, data, metadata,
      transaction, tags,
      type, ranges, attributes, suspended, group, "510", "337", "4194304",
    ].joined(separator: "|")
  }

  static let fields: [ReportField] = [
    .name, .uuid, .size, .origin, .thinPool, .dataFill, .metadataFill, .transaction, .tags,
    .segmentType, .segmentRanges, .attributes, .suspended, .groupAttributes, .extents, .freeExtents,
    .extentSize,
  ]

  static func read(_ lines: [String], _ fields: [ReportField] = fields) throws -> [ReportRow] {
    try Report.rows(Array(lines.joined(separator: "\n").utf8), fields: fields, subject: "vg0")
  }

  static func group(_ rows: String...) throws -> VolumeGroup {
    try VolumeGroup("vg0", rows: read(rows))
  }
}

@Suite("Reports of LVM")
struct ReportTests {
  @Test("a group's sizes are read in bytes")
  func sizes() throws {
    let group = try Reports.group(Reports.row("lin", ranges: "/dev/vda:0-24"))
    #expect(group.size == ByteCount(2_139_095_040))
    #expect(group.free == ByteCount(1_413_480_448))
    #expect(group.extent == ByteCount(4_194_304))
    #expect(!group.isPartial)
  }

  @Test("a group without volumes is a group")
  func empty() throws {
    let rows = try Reports.read(
      ["wz--n-|1|1|4194304"], [.groupAttributes, .extents, .freeExtents, .extentSize])
    #expect(try VolumeGroup("vg0", rows: rows).volumes.isEmpty)
  }

  @Test("names in brackets are internal volumes")
  func brackets() throws {
    let group = try Reports.group(
      Reports.row(
        "tp", type: "thin-pool", ranges: "tp_tdata:0-74", data: "12.34", metadata: "0.98",
        transaction: "7"),
      Reports.row("[tp_tdata]", ranges: "/dev/vda:68-142", attributes: "Twi-ao----"))
    let pool = try #require(group.volumes["tp"])
    #expect(pool.isThinPool && !pool.isInternal)
    #expect(pool.dataFill == 1234 && pool.metadataFill == 98)
    #expect(pool.transaction == 7 && group.volumes["tp_tdata"]?.transaction == nil)
    #expect(group.volumes["tp_tdata"]?.isInternal == true)
  }

  @Test("segments of one volume come together in order")
  func segments() throws {
    let group = try Reports.group(
      Reports.row("lin", ranges: "/dev/vda:0-24"), Reports.row("lin", ranges: "/dev/vdb:3-5"))
    let volume = try #require(group.volumes["lin"])
    #expect(volume.segments.count == 2)
    #expect(group.ranges(of: volume).map(\.device) == ["/dev/vda", "/dev/vdb"])
    #expect(group.ranges(of: volume).map(\.first) == [0, 3])
  }

  @Test("the name of a device can hold what stands before its extents")
  func colons() throws {
    let path = "/dev/disk/by-path/pci-0000:00:1f.2-ata-1"
    let group = try Reports.group(Reports.row("lin", ranges: "\(path):7-24"))
    let volume = try #require(group.volumes["lin"])
    let range = try #require(group.ranges(of: volume).first)
    #expect(range.device == path && range.first == 7 && range.last == 24)
  }

  @Test(
    "ranges that are none are passed over",
    arguments: ["/dev/vda", "/dev/vda:", "/dev/vda:0", "7", "-"])
  func noRange(text: String) throws {
    let group = try Reports.group(Reports.row("lin", ranges: text))
    #expect(group.volumes["lin"]?.segments.first?.ranges.isEmpty == true)
  }

  @Test(
    "a size that is no number keeps the row from being a volume",
    arguments: ["", "1.5", "-1", "99999999999999999999"])
  func noSize(text: String) throws {
    #expect(try Reports.group(Reports.row("lin", size: text)).volumes.isEmpty)
  }

  @Test("what a RAID volume lies on is found below its images")
  func raid() throws {
    let group = try Reports.group(
      Reports.row("rd", type: "raid1", ranges: "rd_rimage_0:0-9 rd_rimage_1:0-9"),
      Reports.row("[rd_rimage_0]", ranges: "/dev/vda:39-48"),
      Reports.row("[rd_rimage_1]", ranges: "/dev/vdb:14-23"))
    let volume = try #require(group.volumes["rd"])
    #expect(volume.type == "raid1")
    #expect(group.ranges(of: volume).map(\.device) == ["/dev/vda", "/dev/vdb"])
  }

  @Test("a thin volume takes what is written of it, others all they have")
  func used() throws {
    let group = try Reports.group(
      Reports.row(
        "thin", size: "1073741824", type: "thin", attributes: "Vwi-a-tz--", pool: "tp",
        data: "50.00"),
      Reports.row("lin", size: "4194304"))
    #expect(group.volumes["thin"]?.used == ByteCount(536_870_912))
    #expect(group.volumes["lin"]?.used == ByteCount(4_194_304))
  }

  @Test(
    "groups of others are refused",
    arguments: [("wzx-n-", "is exported"), ("wz--nc", "shared"), ("wz--ns", "shared")])
  func foreign(attributes: String, words: String) throws {
    do {
      _ = try Reports.group(Reports.row("lin", group: attributes))
      Issue.record("was read")
    } catch let error as StorageError {
      #expect(error.code == .unsupported)
      #expect(error.text.contains(words))
    }
  }

  @Test(
    "a device is suspended where LVM says so, whatever the attributes are",
    arguments: [
      ("-wi-s-----", "suspended", true), ("-wi-XX--X-", "suspended", true),
      ("-wi-a-----", "", false), ("-wi-------", "unknown", false),
    ])
  func suspended(attributes: String, suspended: String, isSuspended: Bool) throws {
    let row = Reports.row("lin", attributes: attributes, suspended: suspended)
    #expect(try Reports.group(row).volumes["lin"]?.isSuspended == isSuspended)
  }

  @Test("a group with a missing device is partial")
  func partial() throws {
    #expect(try Reports.group(Reports.row("lin", group: "wz-pn-")).isPartial)
  }

  @Test("warnings between the rows are passed over, and blanks before them")
  func warnings() throws {
    let rows = try Reports.read(
      ["  WARNING: a device is missing", "", "  a|1 2|", "  b||3"], [.name, .tags, .origin])
    #expect(rows.map { $0[.name] } == ["a", "b"])
    #expect(rows.map { $0[.tags] } == ["1 2", ""])
    #expect(rows.map { $0[.origin] } == ["", "3"])
    #expect(rows.map { $0[.uuid] } == ["", ""])
  }

  @Test(
    "a row of more or less values than were asked for is an error", arguments: ["a|b", "a|b|c|d"])
  func wrongCount(line: String) {
    #expect(throws: StorageError.self) { try Reports.read([line], [.name, .tags, .origin]) }
  }
}
