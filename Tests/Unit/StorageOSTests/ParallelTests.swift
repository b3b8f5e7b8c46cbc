import StorageOS
import Testing

@Suite struct ParallelTests {
  @Test(arguments: [0, 1, 499, 500, 10_007])
  func orderAndGaps(count: Int) {
    let numbers = Array(0..<count)
    // Texts too long to be kept in place: each is counted when it is moved and freed.
    let found = Parallel.compactMap(numbers) { number in
      number % 3 == 1 ? nil : "the outcome for element \(number)"
    }
    #expect(found == numbers.filter { $0 % 3 != 1 }.map { "the outcome for element \($0)" })
  }

  @Test func nothingFound() {
    #expect(Parallel.compactMap(Array(0..<5000)) { _ in nil as String? }.isEmpty)
  }
}
