import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import Zstandard

@Suite("Zstandard")
struct ZstandardTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  /// Shell lines that make `source`, by what they make.
  static let contents: [(String, String)] = [
    ("nothing", ": > source"),
    ("one byte", "printf x > source"),
    ("only a hole", "truncate -s 100M source"),
    ("a hole of an odd size", "truncate -s 12345678 source"),
    ("a hole shorter than a frame of its own", "truncate -s 900K source; echo x >> source"),
    ("data that cannot be compressed", "head -c 5000001 /dev/urandom > source"),
    ("whole frames", "head -c 16M /dev/urandom > source"),
    ("text", "seq 1 600000 > source"),
    (
      "data, hole, data, hole",
      "seq 1 99999 > source; truncate -s 40M source; seq 1 99999 >> source; truncate -s 90M source"
    ),
    ("more than one frame of zeroes", "truncate -s 2200M source; echo end >> source"),
  ]

  func compress() throws {
    var transfer = try Transfer(
      from: temporary.open("source"), to: temporary.open("compressed"))
    transfer.encode = { sink throws(StorageError) in try ZstandardEncoder(to: sink) }
    try transfer.run()
  }

  func decompress(_ amount: Transfer.Amount = .all(limit: nil)) throws -> ByteCount {
    var transfer = try Transfer(
      from: temporary.open("compressed"), to: temporary.open("target"))
    transfer.amount = amount
    transfer.decode = { source throws(StorageError) in
      try ZstandardDecoder(source, named: "compressed")
    }
    return try transfer.run().size
  }

  @Test("content comes back, with its holes, and zstd reads it", arguments: contents)
  func roundTrip(name: String, line: String) throws {
    try temporary.shell("\(line); sync source")
    let source = try temporary.open("source").status()
    try compress()
    try temporary.shell("zstd -dcq compressed | cmp - source")
    #expect(try decompress() == source.size)
    try temporary.shell("cmp source target; sync target")
    #expect(try temporary.open("target").status().allocated.bytes <= source.allocated.bytes + 65536)
  }

  @Test("holes take next to no room: four bytes each 128 KiB")
  func holes() throws {
    try temporary.shell("truncate -s 1G source")
    try compress()
    #expect(try temporary.open("compressed").status().size.bytes == 14 + 4 * 8192)
  }

  @Test(
    "what zstd writes is read, whatever its options",
    arguments: ["-1", "-19", "-3 -T4", "--no-check", "--long=24", "-B1K", "--rsyncable"])
  func foreign(options: String) throws {
    try temporary.shell("seq 1 200000 > source; truncate -s 9M source")
    try temporary.shell("zstd -q \(options) -c source > compressed")
    #expect(try decompress() == 9_437_184)
    try temporary.shell("cmp source target")
  }

  @Test("frames one after another are one content")
  func frames() throws {
    try temporary.shell(
      "{ echo a | zstd -q; echo b | zstd -q; } > compressed; printf 'a\\nb\\n' > source")
    #expect(try decompress() == 4)
    try temporary.shell("cmp source target")
  }

  /// The error of decompressing what a shell line makes.
  func failure(_ line: String, _ amount: Transfer.Amount = .all(limit: nil)) throws -> StorageError
  {
    try temporary.shell(line)
    do {
      _ = try decompress(amount)
    } catch let error as StorageError { return error }
    throw StorageError(.failure, line, "no error")
  }

  @Test("what is damaged, cut off or followed by something else is refused")
  func damaged() throws {
    let make = "seq 1 300000 > source; zstd -q -f source -o whole"
    for line in [
      "\(make); head -c 10000 whole > compressed", "\(make); head -c 3 whole > compressed",
      "\(make); cp whole compressed; printf XXXX | dd of=compressed bs=1 seek=5000 conv=notrunc status=none",
      "\(make); { cat whole; echo rest; } > compressed",
      "\(make); { cat whole; head -c 512 /dev/zero; } > compressed", "truncate -s 1M compressed",
    ] {
      let error = try failure(line)
      #expect(error.code == .badInput && error.problem == "is not valid zstd", "\(line)")
    }
  }

  @Test("a small input that would become a large content is stopped at the limit")
  func bomb() throws {
    let error = try failure(
      "head -c 300M /dev/zero | zstd -q > compressed", .exactly(1_048_576))
    #expect(error.problem == "too much data: expected 1048576 bytes")
    #expect(try temporary.open("target").status().size.bytes <= 2_097_152)
  }

  @Test("a frame that needs much memory is refused")
  func memory() throws {
    let error = try failure("head -c 80M /dev/urandom | zstd -q -1 --long=27 > compressed")
    #expect(error.problem == "is not valid zstd")
  }

  @Test("a frame of zeroes is read as what it is, and nothing else is one")
  func zeroFrames() {
    func read(_ bytes: [UInt8]) -> Int64? { bytes.withUnsafeBytes { ZeroFrame.read($0)?.zeroes } }
    for count in [1, 4096, 131_072, 131_073, 1 << 30] as [Int64] {
      let frame = ZeroFrame.frame(of: count)
      #expect(frame.count <= ZeroFrame.longest)
      #expect(read(frame) == count)
      #expect(read(frame + [1, 2, 3]) == count)
      #expect(read(frame.dropLast()) == nil)
      for place in [0, 4, 5, 6, 14, 17] {
        var changed = frame
        changed[place] ^= 0x04
        #expect(read(changed) == nil, "\(count) \(place)")
      }
    }
    #expect(read([]) == nil)
  }
}
