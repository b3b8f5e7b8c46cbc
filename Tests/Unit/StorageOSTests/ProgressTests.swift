import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Progress of long work")
struct ProgressTests {
  /// Reports, and a clock that is set by hand.
  final class Watch {
    var now = 100.0
    var reports: [Progress.Report] = []
  }

  let watch = Watch()

  func progress() -> Progress {
    let watch = watch
    return Progress(every: 0.25, clock: { watch.now }, show: { watch.reports.append($0) })
  }

  @Test("the first and the last report come, and between them one each interval")
  func interval() {
    let progress = progress()
    progress.begin("copy", total: 1000)
    for position in stride(from: Int64(10), through: 1000, by: 10) {
      watch.now += 0.0625
      progress.reached(position, moved: position / 2)
    }
    progress.finish(1000, moved: 500)
    #expect(watch.reports.first?.position == 0)
    #expect(watch.reports.last?.position == 1000)
    #expect(watch.reports.last?.isComplete == true)
    #expect(watch.reports.dropLast().allSatisfy { !$0.isComplete && $0.total == 1000 })
    // The first, one for each fourth step, and the last.
    #expect(watch.reports.count == 1 + 25 + 1)
    let positions = watch.reports.map(\.position)
    #expect(positions == positions.sorted())
  }

  @Test("the rate is of what was moved, the time left of what is behind")
  func estimates() throws {
    let progress = progress()
    progress.begin("copy", total: 4000)
    watch.now += 2
    progress.reached(1000, moved: 600)
    let report = try #require(watch.reports.last)
    #expect(report.rate == 300)
    #expect(report.secondsLeft == 6)
  }

  @Test("nothing is estimated from nothing")
  func unknown() throws {
    let progress = progress()
    progress.begin("copy", total: nil)
    let first = try #require(watch.reports.last)
    #expect(first.rate == nil && first.secondsLeft == nil && first.total == nil)
    watch.now += 1
    progress.reached(5, moved: 5)
    #expect(watch.reports.last?.secondsLeft == nil)
  }

  @Test("a copy tells how much it moved and how large the content is")
  func copy() throws {
    let temporary = try TemporaryFolder()
    try temporary.shell("truncate -s 30M source; head -c 1000000 /dev/urandom >> source")
    let source = try temporary.open("source")
    try Copy.contents(of: source, to: temporary.open("target"), progress: progress())
    let last = try #require(watch.reports.last)
    #expect(last.isComplete && last.task == "copy")
    #expect(try last.position == source.status().size)
    #expect(last.total == last.position)
    #expect((1_000_000...1_100_000).contains(last.moved.bytes))
  }
}
