import StorageModel
import Testing

/// Headers made by hand, for what no program at hand writes.
@Suite("Probing image headers")
struct ImageProbeTests {
  static func big(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (count - 1 - $0))) }
  }

  /// A sound qcow2 header of one cluster of 64 KiB.
  static func qcow2(
    version: UInt64 = 3, size: UInt64 = 1 << 30, _ change: (inout [UInt8]) -> Void = { _ in }
  ) -> [UInt8] {
    var header = Array("QFI".utf8) + [0xfb] + big(version, 4)
    header += big(0, 8) + big(0, 4) + big(16, 4) + big(size, 8) + big(0, 4) + big(2, 4)
    header += big(3 << 16, 8) + big(1 << 16, 8) + big(1, 4) + big(0, 4) + big(0, 8)
    header += big(0, 24) + big(4, 4) + big(112, 4) + big(0, 8)
    header += [UInt8](repeating: 0, count: (1 << 16) - header.count)
    change(&header)
    return header
  }

  static func put(_ bytes: [UInt8], at offset: Int, in header: inout [UInt8]) {
    header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  @Test func rawFiles() {
    for count in [0, 1, 3, 4, 511, 512, 513, 1024, 32773, 32774, 65536] {
      let image = MemoryImage([UInt8](repeating: 0, count: count))
      #expect(image.probe() == ImageFacts(format: .raw))
    }
  }

  @Test func readsAreFewAndSmall() {
    let raw = MemoryImage([UInt8](repeating: 7, count: 1 << 20))
    _ = raw.probe()
    #expect(raw.reads.map(\.offset) == [0, 32769])
    #expect(raw.reads.map(\.count) == [512, 5])
    let small = MemoryImage([UInt8](repeating: 7, count: 4096))
    _ = small.probe()
    #expect(small.reads.map(\.count) == [512])
    let odd = MemoryImage([UInt8](repeating: 7, count: 4096 + 512))
    _ = odd.probe()
    #expect(odd.reads.map(\.offset) == [0, 4096])
    let qcow2 = MemoryImage(Self.qcow2())
    #expect(qcow2.probe().problem == nil)
    #expect(qcow2.reads.count == 1)
  }

  @Test("a name of no bytes costs no read")
  func emptyName() {
    var header = [UInt8](repeating: 0, count: 65536)
    Self.put(Array("QED".utf8), at: 0, in: &header)
    // Clusters of 64 KiB, tables of 4, a header of one cluster, and a backing file named by nothing.
    for (offset, number) in [(4, 1 << 16), (8, 4), (12, 1), (16, 1), (48, 1 << 20), (56, 4096)] {
      Self.put(Self.big(UInt64(number), 4).reversed(), at: offset, in: &header)
    }
    let image = MemoryImage(header)
    #expect(image.probe() == ImageFacts(format: .qed, capacity: .mebibyte))
    #expect(image.reads.allSatisfy { $0.count > 0 })
  }

  @Test func errorsOfReadingComeThrough() {
    struct Fault: Error {}
    #expect(throws: Fault.self) {
      try ImageProbe.probe(size: 4096) { _, _ throws(Fault) -> [UInt8] in throw Fault() }
    }
  }

  @Test func opticalDisc() {
    var bytes = [UInt8](repeating: 0, count: 40960)
    Self.put(Array("\u{1}CD001\u{1}".utf8), at: 32768, in: &bytes)
    #expect(MemoryImage(bytes).probe() == ImageFacts(format: .iso))
    // A disc that can be started from a disk has a boot sector first.
    Self.put([0x45, 0x52, 0x08, 0x00], at: 0, in: &bytes)
    #expect(MemoryImage(bytes).probe().format == .iso)
    // What a guest wrote into an image does not make it a disc.
    Self.put(Self.qcow2().prefix(112).map { $0 }, at: 0, in: &bytes)
    #expect(MemoryImage(bytes).probe().format == .qcow2)
  }

  @Test func oldCopyOnWriteFormat() {
    var bytes = Array("OOOM".utf8) + Self.big(2, 4)
    bytes += Array("/srv/base.img".utf8) + [UInt8](repeating: 0, count: 1011)
    bytes += Self.big(0, 4) + Self.big(5 << 20, 8) + Self.big(512, 4)
    let facts = MemoryImage(bytes).probe()
    #expect(facts.format == .cow)
    #expect(facts.capacity == ByteCount(5 << 20))
    #expect(facts.backing == BackingReference(path: "/srv/base.img"))
    #expect(MemoryImage(Array(bytes.prefix(1000))).probe().problem == "the header is cut off")
  }

  /// A guest that writes a VHD footer into its last sector does not change what its disk is.
  @Test func footersCountOnlyBehindWholeBlocks() {
    var footer = Array("conectix".utf8) + Self.big(0, 4) + Self.big(0x10000, 4)
    footer += Self.big(0, 8) + Self.big(0, 24) + Self.big(8192, 8) + Self.big(0, 4) + Self.big(2, 4)
    footer += [UInt8](repeating: 0, count: 512 - footer.count)
    let sum = footer.reduce(UInt32(0)) { $0 &+ UInt32($1) }
    Self.put(Self.big(UInt64(~sum), 4), at: 64, in: &footer)
    let data = [UInt8](repeating: 0, count: 8192)
    #expect(MemoryImage(data + footer).probe() == ImageFacts(format: .vpc, capacity: 8192))
    let guest = data.dropLast(512) + footer
    #expect(MemoryImage(Array(guest)).probe() == ImageFacts(format: .raw))
    let growing = MemoryImage(Array(footer.prefix(60)) + Self.big(3, 4) + footer[64...])
    #expect(growing.probe().problem == "the header's checksum is wrong")
    footer[100] = 1
    #expect(MemoryImage(data + footer).probe() == ImageFacts(format: .raw))
  }

  @Test("a qcow of the first version holds the table that its size needs")
  func firstVersion() {
    func image(_ size: UInt64) -> MemoryImage {
      var bytes = Array("QFI".utf8) + [0xfb] + Self.big(1, 4) + Self.big(0, 16)
      bytes += Self.big(size, 8) + [12, 9, 0, 0] + Self.big(0, 4) + Self.big(48, 8)
      return MemoryImage(bytes + [UInt8](repeating: 0, count: 512))
    }
    #expect(image(1 << 20).probe() == ImageFacts(format: .qcow, capacity: ByteCount(1 << 20)))
    #expect(image(64 << 21).probe().problem == nil)
    #expect(
      image(65 << 21).probe().problem == "the L1 table for the disk's size lies outside the file")
    #expect(image(1 << 62).probe().problem == "the L1 table has 2199023255552 entries")
  }

  @Test func unknownVersionsAreMarkedRaw() {
    let facts = MemoryImage(Self.qcow2(version: 4)).probe()
    #expect(facts.format == .raw)
    #expect(facts.problem == "qcow header of unknown version 4")
    #expect(MemoryImage(Array("QFI".utf8)).probe() == ImageFacts(format: .raw))
    let short = MemoryImage(Array("QFI".utf8) + [0xfb, 0]).probe()
    #expect(short.problem == "the header is cut off")
  }

  @Test func soundHeader() {
    let facts = MemoryImage(Self.qcow2()).probe()
    #expect(facts.problem == nil)
    #expect(facts.capacity == .gibibyte)
    #expect(facts.clusterSize == 65536)
    #expect(facts.describedFeatures == [])
    let old = MemoryImage(Self.qcow2(version: 2)).probe()
    #expect(old.compat == "0.10")
    #expect(old.describedFeatures == nil)
    #expect(old.problem == nil)
  }

  @Test(arguments: [
    (20, big(8, 4), "cluster bits 8 are not in 9 to 21"),
    (20, big(22, 4), "cluster bits 22 are not in 9 to 21"),
    (20, big(0xffff_ffff, 4), "cluster bits 4294967295 are not in 9 to 21"),
    (24, big(.max, 8), "the size in the header is too large"),
    (24, big(1 << 40, 8), "the L1 table is too small for the disk's size"),
    (24, big(UInt64(Int64.max), 8), "the L1 table is too small for the disk's size"),
    (32, big(3, 4), "unknown encryption method 3"),
    (36, big(0xffff_ffff, 4), "the L1 table has 4294967295 entries"),
    (40, big(512, 8), "the L1 table is not at a cluster's start"),
    (48, big(1, 8), "the reference count table is not at a cluster's start"),
    (56, big(0, 4), "the reference count table has 0 clusters"),
    (56, big(129, 4), "the reference count table has 129 clusters"),
    (60, big(65537, 4), "the image has 65537 snapshots"),
    (64, big(8, 8), "the snapshot table is not at a cluster's start"),
    (8, big(65537, 8), "the backing file's name lies outside the header's cluster"),
    (72, big(1 << 5, 8), "unknown incompatible features 0x20"),
    (72, big(1 << 63 | 1, 8), "unknown incompatible features 0x8000000000000000"),
    (72, big(8, 8), "compression type 0 does not fit the header's features"),
    (104, [1], "compression type 1 does not fit the header's features"),
    (96, big(7, 4), "reference count order 7 is above 6"),
    (100, big(103, 4), "header length 103 is not in 104 to 65536"),
    (100, big(65537, 4), "header length 65537 is not in 104 to 65536"),
    (8, big(64, 8) + big(5, 4), "the backing file's name lies inside the header"),
    (8, big(512, 8) + big(1024, 4), "the backing file's name has 1024 bytes, more than 1023"),
    (8, big(65530, 8) + big(7, 4), "the backing file's name lies outside the header's cluster"),
    (8, big(.max, 8) + big(7, 4), "the backing file's name lies outside the header's cluster"),
    (8, big(65536, 8) + big(7, 4), "the backing file's name lies outside the header's cluster"),
    (112, big(0x1234, 4) + big(0xffff_fff0, 4), "header extension 0x1234 is cut off"),
    (112, big(0xe279_2aca, 4) + big(16, 4), "the backing format's name is too long"),
    (112, big(0x4441_5441, 4) + big(1024, 4), "the external data file's name is too long"),
  ])
  func senselessHeaders(offset: Int, bytes: [UInt8], problem: String) {
    let header = Self.qcow2 { Self.put(bytes, at: offset, in: &$0) }
    let facts = MemoryImage(header).probe()
    #expect(facts.problem == problem)
    #expect(facts.format == .qcow2)
  }

  @Test func namesThatNobodyCanPrint() {
    for name in [[0x61, 0xff, 0x62], [0x61, 0x0a, 0x62]] as [[UInt8]] {
      let header = Self.qcow2 {
        Self.put(Self.big(600, 8) + Self.big(3, 4), at: 8, in: &$0)
        Self.put(name, at: 600, in: &$0)
      }
      let facts = MemoryImage(header).probe()
      #expect(facts.problem?.hasPrefix("a name in the header") == true)
      #expect(facts.backing == nil)
    }
  }

  @Test func endlessExtensions() {
    let header = Self.qcow2 { header in
      for offset in stride(from: 112, to: 65536, by: 8) {
        Self.put(Self.big(0x99, 4) + Self.big(0, 4), at: offset, in: &header)
      }
    }
    let image = MemoryImage(header)
    #expect(image.probe().problem == nil)
    #expect(image.reads.count < 24)
    let wide = Self.qcow2 { header in
      Self.put(Self.big(21, 4), at: 20, in: &header)
      Self.put(Self.big(0, 16), at: 40, in: &header)
      header += [UInt8](repeating: 0, count: 2 << 20 - header.count)
      for offset in stride(from: 112, to: 2 << 20, by: 8) {
        Self.put(Self.big(0x99, 4) + Self.big(0, 4), at: offset, in: &header)
      }
    }
    let spread = MemoryImage(wide)
    #expect(spread.probe().problem == "the header is spread over too many places")
    #expect(spread.reads.count <= 24)
  }

  /// A file that was larger a moment ago, and one whose size is not its own.
  @Test func filesThatShrink() {
    let header = Self.qcow2 {
      Self.put(Self.big(60000, 8) + Self.big(10, 4), at: 8, in: &$0)
    }
    for keep in [0, 1, 8, 100, 111, 113, 512, 40000] {
      let facts = MemoryImage(Array(header.prefix(keep))).probe(size: header.count)
      #expect(keep < 4 || facts.problem != nil)
    }
    #expect(MemoryImage(header).probe(size: Int.max).format == .qcow2)
  }

  @Test func handMadeHeadersDamaged() {
    let seeds = [
      Self.qcow2(), Self.qcow2(version: 2), Self.qcow2(version: 1),
      Array("WithouFreSpacExt".utf8) + [UInt8](repeating: 2, count: 100),
      Array("KDMV".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 1, count: 2000),
      Array("LUKS".utf8) + [0xba, 0xbe, 0, 1] + [UInt8](repeating: 0, count: 600),
      Array("LUKS".utf8) + [0xba, 0xbe, 0, 2] + [UInt8](repeating: 0, count: 600),
      Array("vhdxfile".utf8) + [UInt8](repeating: 0, count: 300_000),
      Array("conectix".utf8) + [0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 0, count: 2000),
      Array("QED".utf8) + [0, 0, 0, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0]
        + [UInt8](repeating: 1, count: 99),
      Array("OOOM".utf8) + [0, 0, 0, 2] + [UInt8](repeating: 65, count: 1100),
    ]
    for (number, seed) in seeds.enumerated() {
      ImageDamage(seed: UInt64(number)).run(seed, rounds: 2000)
    }
  }
}

/// Probes ever new damaged copies of an image: flipped bits, extreme numbers, noise, cut files, false sizes.
struct ImageDamage {
  let seed: UInt64

  func run(_ original: [UInt8], rounds: Int) {
    var random = ProbeRandom(seed: seed)
    // The header proper, and the places where VHDX has its tables.
    let places = [0..<112, 0..<512, 0..<2048, 0..<original.count, 196_608..<196_700]
    let extremes: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
    var bytes = original
    for _ in 0..<rounds {
      var changed: [(Int, UInt8)] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        guard let place = places.randomElement(using: &random), place.lowerBound < bytes.count
        else { continue }
        let start = Int.random(in: place.clamped(to: 0..<bytes.count), using: &random)
        let run = [1, 1, 2, 4, 8][Int.random(in: 0..<5, using: &random)]
        let fill = extremes.randomElement(using: &random)
        let noise = Bool.random(using: &random)
        for offset in start..<min(start + run, bytes.count) {
          changed.append((offset, bytes[offset]))
          bytes[offset] = noise ? UInt8.random(in: 0...255, using: &random) : fill ?? 0
        }
      }
      let cut = Int.random(in: 0..<4, using: &random) == 0
      let keep = Int.random(in: 0...min(bytes.count, 4096), using: &random)
      let falseSize = Int.random(in: 0..<8, using: &random) == 0
      let size = falseSize ? Int.random(in: 0...Int.max, using: &random) : nil
      // Gone before the next change, so that nothing is copied.
      do {
        let image = MemoryImage(cut ? Array(bytes.prefix(keep)) : bytes)
        let facts = image.probe(size: size)
        #expect(image.reads.count <= 24)
        #expect(image.reads.allSatisfy { $0.count <= 12288 && $0.offset >= 0 })
        #expect((facts.capacity ?? 0) >= 0)
        #expect((facts.backing?.path.utf8.count ?? 0) <= 10240)
      }
      for (offset, byte) in changed.reversed() { bytes[offset] = byte }
    }
  }
}
