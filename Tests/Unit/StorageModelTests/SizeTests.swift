import StorageModel
import Testing

@Suite struct SizeTests {
  private static let sizes: [(String, Int64)] = [
    ("0", 0), ("10", 10), ("10b", 10), ("10B", 10), ("10 bytes", 10), ("10Byte", 10),
    ("1k", 1024), ("1K", 1024), ("1KiB", 1024), ("1kib", 1024), ("1KB", 1000), ("1kb", 1000),
    ("2M", 2_097_152), ("2MB", 2_000_000), ("3G", 3_221_225_472), ("3 GiB", 3_221_225_472),
    (" 3G ", 3_221_225_472),
    ("1T", 1_099_511_627_776), ("1TB", 1_000_000_000_000), ("1P", 1_125_899_906_842_624),
    ("7E", 8_070_450_532_247_928_832),
    ("9EB", 9_000_000_000_000_000_000), ("9223372036854775807", Int64.max), ("010", 10), ("+5", 5),
  ]

  @Test(arguments: sizes)
  func readsSizes(text: String, bytes: Int64) throws {
    #expect(try ScaledSize.parse(text).bytes == bytes)
  }

  @Test(arguments: ["", " ", "G", "-5", "+", "+-5", "five", "١", "--", "1M\n", "\t1M", "1\nM"])
  func refusesMalformedSizes(text: String) {
    #expect(throws: ScaledSize.Problem.malformed) { try ScaledSize.parse(text) }
  }

  @Test(arguments: [
    ("1QiB", "QiB"), ("1 x", "x"), ("1KiBs", "KiBs"), ("1G5", "G5"), ("1iB", "iB"), ("1.5G", ".5G"),
    ("0x10", "x10"),
  ])
  func refusesUnknownUnits(text: String, unit: String) {
    #expect(throws: ScaledSize.Problem.unknownUnit(unit)) { try ScaledSize.parse(text) }
  }

  @Test(arguments: ["9223372036854775808", "8E", "9EiB", "10EB", "99999999999999999999999"])
  func refusesTooLargeSizes(text: String) {
    #expect(throws: ScaledSize.Problem.tooLarge(text)) { try ScaledSize.parse(text) }
  }

  @Test func namesTheProblemInLibvirtsWords() {
    #expect(
      ScaledSize.Problem.tooLarge("8E").text == "numerical overflow: value too large: 8E")
    #expect(ScaledSize.Problem.unknownUnit("x").text.hasPrefix("unknown suffix 'x'"))
  }

  private static let displayed: [(Int64, String)] = [
    (0, "0.00 B"), (1, "1.00 B"), (1023, "1023.00 B"), (1024, "1.00 KiB"), (1536, "1.50 KiB"),
    (1_048_575, "1024.00 KiB"), (1_048_576, "1.00 MiB"), (10_737_418_240, "10.00 GiB"),
    (1_099_511_627_776, "1.00 TiB"), (1_125_899_906_842_624, "1.00 PiB"),
    (1_152_921_504_606_846_976, "1.00 EiB"), (Int64.max, "8.00 EiB"),
    (1100, "1.07 KiB"), (1029, "1.00 KiB"), (1030, "1.01 KiB"),
  ]

  @Test(arguments: displayed)
  func showsSizes(bytes: Int64, text: String) {
    #expect(ByteCount(bytes).displayText == text)
  }

  @Test func calculates() {
    #expect(ByteCount(5) - ByteCount(7) == .zero)
    #expect(ByteCount.maximum.adding(1) == nil)
    #expect(ByteCount(1).adding(2) == 3)
    #expect(ByteCount(exactly: UInt64(1) << 63) == nil)
    #expect(ByteCount(1).roundedUp(to: 512) == 512)
    #expect(ByteCount(512).roundedUp(to: 512) == 512)
    #expect(ByteCount(0).roundedUp(to: 512) == 0)
    #expect(ByteCount.maximum.roundedUp(to: 512).bytes == Int64.max - 511)
  }
}
