import StorageModel
import StorageOS
import Testing

@testable import StorageTools

@Suite("The line of progress")
struct ProgressLineTests {
  func report(
    _ position: Int64, of total: Int64?, moved: Int64, seconds: Double, isComplete: Bool = false
  ) -> Progress.Report {
    Progress.Report(
      task: "copy", position: ByteCount(position), total: total.map { ByteCount($0) },
      moved: ByteCount(moved), seconds: seconds, isComplete: isComplete)
  }

  @Test("the line tells percent, sizes, rate and time left")
  func line() {
    #expect(
      ProgressLine.text(report(1 << 30, of: 4 << 30, moved: 1 << 30, seconds: 2))
        == "copy 25 %, 1.00 GiB of 4.00 GiB, 512.00 MiB/s, 0:06 left")
    #expect(
      ProgressLine.text(report(1 << 20, of: 1 << 42, moved: 1 << 20, seconds: 1))
        == "copy 0 %, 1.00 MiB of 4.00 TiB, 1.00 MiB/s, 1165:05:03 left")
  }

  @Test("without a total there is neither percent nor time left")
  func noTotal() {
    #expect(
      ProgressLine.text(report(3 << 20, of: nil, moved: 3 << 20, seconds: 1))
        == "copy 3.00 MiB, 3.00 MiB/s")
  }

  @Test("an empty content is no division by zero, nor is the first moment")
  func zero() {
    #expect(
      ProgressLine.text(report(0, of: 0, moved: 0, seconds: 0)) == "copy 100 %, 0.00 B of 0.00 B")
    #expect(
      ProgressLine.text(report(9, of: 50, moved: 9, seconds: 0)) == "copy 18 %, 9.00 B of 50.00 B")
  }

  @Test("at the end it says what is waited for")
  func complete() {
    #expect(
      ProgressLine.text(report(1 << 30, of: 1 << 30, moved: 5, seconds: 2, isComplete: true))
        == "copy 1.00 GiB, writing to disk")
  }

  @Test("as JSON it is one line with every field, null where not known")
  func json() {
    #expect(
      ProgressLine.document(report(0, of: nil, moved: 0, seconds: 0), of: "vol-export").text
        == "{\"schema\":\"cistern.progress/1\",\"tool\":\"vol-export\",\"task\":\"copy\",\"position\":0,"
        + "\"total\":null,\"moved\":0,\"rate\":null,\"seconds_left\":null,\"complete\":false}")
  }
}
