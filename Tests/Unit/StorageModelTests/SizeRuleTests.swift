import StorageModel
import Testing

@Suite("Sizes that volumes can have")
struct SizeRuleTests {
  @Test("a size that can be had stays, any other becomes the next that can")
  func multiples() {
    #expect(SizeRule.any.roundedUp(1_000_001) == 1_000_001)
    #expect(SizeRule.multiples(of: .mebibyte).roundedUp(.mebibyte) == .mebibyte)
    #expect(SizeRule.multiples(of: .mebibyte).roundedUp(1) == .mebibyte)
    #expect(SizeRule.multiples(of: .mebibyte).roundedUp(0) == 0)
  }

  @Test("a header in front of the content counts for the device, not for the content")
  func header() {
    let rule = SizeRule.multiples(of: ByteCount(4 << 20), header: ByteCount(2 << 20))
    #expect(rule.roundedUp(.mebibyte) == ByteCount(2 << 20))
    #expect(rule.roundedUp(ByteCount(2 << 20)) == ByteCount(2 << 20))
    #expect(rule.roundedUp(ByteCount(3 << 20)) == ByteCount(6 << 20))
  }

  @Test("what is rounded up once stays")
  func twice() {
    let rules: [SizeRule] = [
      .any, .multiples(of: 512), .multiples(of: .mebibyte, header: 4096), .cylinders,
    ]
    for rule in rules {
      for size in [1, 512, 1_000_000, 1_073_741_824, 2_199_023_255_552] as [ByteCount] {
        let once = rule.roundedUp(size)
        #expect(once >= size && rule.roundedUp(once) == once, "\(rule) of \(size)")
      }
    }
  }

  /// Sizes that qemu-img 7.2 makes of those asked for: `qemu-img create -f vpc FILE SIZE`.
  @Test(
    "the size of a vpc is one of whole cylinders, as qemu-img makes it",
    arguments: [
      (1024, 34_816), (102_400, 104_448), (1 << 20, 1_079_296), (10 << 20, 10_514_432),
      (1_000_000_512, 1_000_194_048), (1 << 30, 1_073_995_776), (10_000_000_000, 10_000_392_192),
      (30_720_000_000, 30_720_098_304), (102_400_000_000, 102_400_819_200),
      // Larger than any geometry: as they are.
      (204_800_000_000, 204_800_000_000), (1_000_000_000_000, 1_000_000_000_000),
    ] as [(Int64, Int64)])
  func cylinders(asked: Int64, made: Int64) {
    #expect(SizeRule.cylinders.roundedUp(ByteCount(asked)) == ByteCount(made))
  }
}
