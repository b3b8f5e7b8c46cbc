import StorageModel
import Testing

@testable import DiskBackend

@Suite("What is free on a disk, and what comes next")
struct DiskLayoutTests {
  static let mebi = 1_048_576

  static func bytes(_ mebibytes: Int) -> ByteCount { ByteCount(Int64(mebibytes * mebi)) }

  static func part(
    _ number: Int, _ start: Int, _ size: Int, isContainer: Bool = false, isNested: Bool = false
  ) -> Partition {
    Partition(
      number: number, start: bytes(start), size: bytes(size), isContainer: isContainer,
      isNested: isNested, type: isContainer ? "5" : "83")
  }

  static func layout(
    _ label: DiskLabel, _ partitions: [Partition], sector: ByteCount = 512, size: Int = 100
  ) -> DiskLayout {
    // A gpt has its second copy in the last sectors.
    let end = label == .gpt ? ByteCount(Int64(size * mebi - 33 * 512)) : bytes(size)
    return DiskLayout(
      label: label, identifier: "0x1", sector: sector, begin: label == .gpt ? 17408 : 512,
      end: end, partitions: partitions)
  }

  static func gaps(_ layout: DiskLayout) -> [[Int64]] {
    layout.gaps.map { [$0.start.bytes / Int64(mebi), $0.end.bytes / Int64(mebi)] }
  }

  @Test("free parts are whole mebibytes, and all of each can be used")
  func free() {
    #expect(Self.gaps(Self.layout(.gpt, [])) == [[1, 99]])
    #expect(Self.gaps(Self.layout(.dos, [])) == [[1, 100]])
    let some = [Self.part(1, 1, 10), Self.part(2, 20, 79)]
    #expect(Self.gaps(Self.layout(.gpt, some)) == [[11, 20]])
    // What another program put off the grid.
    var odd = Self.part(1, 1, 10)
    odd.size = odd.size + 512
    #expect(Self.gaps(Self.layout(.gpt, [odd])) == [[12, 99]])
  }

  @Test("before each logical partition there is room for its own table")
  func nested() {
    let partitions = [
      Self.part(1, 1, 50, isContainer: true), Self.part(5, 2, 10, isNested: true),
      Self.part(6, 30, 5, isNested: true),
    ]
    let layout = Self.layout(.dos, partitions)
    #expect(Self.gaps(layout) == [[13, 29], [36, 51], [51, 100]])
    #expect(layout.gaps.map(\.isNested) == [true, true, false])
  }

  @Test("a dos label addresses 2 TiB with sectors of 512 bytes, and eight times that with 4096")
  func limits() {
    let large = 4 << 20
    #expect(Self.gaps(Self.layout(.dos, [], size: large)) == [[1, Int64(2 << 20) - 1]])
    #expect(Self.gaps(Self.layout(.dos, [], sector: 4096, size: large)) == [[1, Int64(large)]])
    #expect(Self.gaps(Self.layout(.gpt, [], size: large)) == [[1, Int64(large) - 1]])
  }

  @Test("the next number is the lowest free one")
  func numbers() throws {
    let gap = [Self.part(1, 1, 1), Self.part(3, 5, 1)]
    #expect(try Self.layout(.gpt, gap).nextNumbers(for: .linux) == [2])
    #expect(try Self.layout(.dos, gap).nextNumbers(for: .extended) == [2])
    let four = (1...4).map { Self.part($0, $0 * 2, 1) }
    #expect(throws: StorageError.self) {
      try Self.layout(.dos, four).nextNumbers(for: .linux)
    }
    #expect(try Self.layout(.gpt, four).nextNumbers(for: .linux) == [5])
    let extended = [Self.part(1, 1, 50, isContainer: true), Self.part(5, 2, 1, isNested: true)]
    #expect(try Self.layout(.dos, extended).nextNumbers(for: .linux) == [2, 6])
    #expect(throws: StorageError.self) {
      try Self.layout(.dos, extended).nextNumbers(for: .extended)
    }
    #expect(throws: StorageError.self) {
      try Self.layout(.gpt, []).nextNumbers(for: .extended)
    }
    let full = (1...128).map { Self.part($0, $0, 1) }
    #expect(throws: StorageError.self) {
      try Self.layout(.gpt, full, size: 1000).nextNumbers(for: .linux)
    }
  }

  @Test("a new partition goes into the smallest free part that holds it")
  func placing() throws {
    let layout = Self.layout(.gpt, [Self.part(1, 11, 20), Self.part(2, 36, 4)])
    #expect(try layout.place(number: 3, size: Self.bytes(5)).start == Self.bytes(31))
    #expect(try layout.place(number: 3, size: Self.bytes(10)).start == Self.bytes(1))
    #expect(try layout.place(number: 3, size: Self.bytes(59)).start == Self.bytes(40))
    #expect(throws: StorageError.self) { try layout.place(number: 3, size: Self.bytes(60)) }
  }

  @Test("a partition has room up to the next one")
  func room() {
    let partitions = [Self.part(1, 1, 10), Self.part(2, 30, 10)]
    let layout = Self.layout(.gpt, partitions)
    #expect(layout.room(for: partitions[0]) == Self.bytes(29))
    #expect(layout.room(for: partitions[1]) == Self.bytes(69))
    let nested = [
      Self.part(1, 1, 50, isContainer: true), Self.part(5, 2, 10, isNested: true),
      Self.part(6, 30, 5, isNested: true),
    ]
    let extended = Self.layout(.dos, nested)
    #expect(extended.room(for: nested[0]) == Self.bytes(99))
    #expect(extended.room(for: nested[1]) == Self.bytes(27))
    #expect(extended.room(for: nested[2]) == Self.bytes(21))
  }

  @Test(
    "names of partitions are the kernel's",
    arguments: [
      ("sda", nil, "sda1"), ("nvme0n1", nil, "nvme0n1p1"), ("mmcblk0", nil, "mmcblk0p1"),
      ("loop0", nil, "loop0p1"), ("mpatha", true, "mpathap1"), ("mpath1", false, "mpath11"),
    ] as [(String, Bool?, String)])
  func names(disk: String, separator: Bool?, name: String) {
    let names = PartitionNames(disk: disk, separator: separator)
    #expect(names.name(1) == name)
    #expect(names.number(in: name) == 1)
    for other in ["", disk, name + "x", "x" + name, "\(disk)p0", "\(disk)0", "\(disk)p01"] {
      #expect(names.number(in: other) == nil || other == name + "x")
    }
  }

  @Test("types go there and back", arguments: DiskLabel.allCases)
  func types(label: DiskLabel) {
    for format: VolumeFormat in [.linux, .linuxSwap, .linuxLVM, .linuxRAID] {
      var partition = Self.part(1, 1, 1)
      partition.type = PartitionTypes.code(of: format, on: label)
      #expect(PartitionTypes.format(of: partition, on: label) == format)
    }
    #expect(PartitionTypes.format(of: Self.part(1, 1, 9, isContainer: true), on: .dos) == .extended)
  }

  @Test("a partition is told from others by what stays the same")
  func identities() {
    var one = Self.part(5, 2, 10, isNested: true)
    let layout = Self.layout(.dos, [one])
    let before = layout.identity(of: one)
    one.number = 6
    #expect(layout.identity(of: one) == before)
    one.start = Self.bytes(3)
    #expect(layout.identity(of: one) != before)
  }
}
