import Glibc
import StorageModel
import Testing

@Suite("Moments and revisions")
struct RevisionTests {
  /// What the C library makes of a moment, as an independent opinion.
  static func byTheCLibrary(_ seconds: Int64) -> String {
    var moment = time_t(seconds)
    var parts = tm()
    gmtime_r(&moment, &parts)
    func digits(_ value: Int32, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return
      "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
      + "T\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2))Z"
  }

  @Test(
    "a moment is written in UTC to the second",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (59, "1970-01-01T00:00:59Z"),
      (86399, "1970-01-01T23:59:59Z"), (86400, "1970-01-02T00:00:00Z"),
      (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (951_868_800, "2000-03-01T00:00:00Z"), (1_709_164_800, "2024-02-29T00:00:00Z"),
      (1_756_684_800, "2025-09-01T00:00:00Z"), (2_147_483_647, "2038-01-19T03:14:07Z"),
      (2_147_483_648, "2038-01-19T03:14:08Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
      (4_107_542_400, "2100-03-01T00:00:00Z"), (-2_203_891_200, "1900-03-01T00:00:00Z"),
      (-2_147_483_648, "1901-12-13T20:45:52Z"), (-62_135_596_800, "0001-01-01T00:00:00Z"),
      (253_402_300_799, "9999-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func knownMoments(seconds: Int64, text: String) {
    #expect(Timestamp(seconds: seconds).iso8601 == text)
    #expect(Timestamp(iso8601: text) == Timestamp(seconds: seconds))
  }

  @Test("writing and reading agree with the C library on every day around leap years")
  func everyDay() {
    // Days since 1970 of 1899 to 1905, 1968 to 1973, 1999 to 2033, 2099 to 2105, 2399 to 2401.
    let spans: [ClosedRange<Int64>] = [
      (-25_933)...(-23_377), (-731)...1460, 10_592...23_374, 47_117...49_673, 156_689...157_784,
    ]
    var wrong: [String] = []
    for day in spans.joined() {
      // An odd second of the day, so that all three fields of the time vary.
      let seconds = day * 86400 + abs(day * 12_347) % 86400
      let moment = Timestamp(seconds: seconds)
      let text = moment.iso8601
      if text != Self.byTheCLibrary(seconds) || Timestamp(iso8601: text) != moment {
        wrong.append(text)
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test("random moments of ten thousand years survive being written and read")
  func randomMoments() {
    var generator = ProbeRandom(seed: 7)
    for _ in 0..<3000 {
      let seconds = Int64.random(in: -62_135_596_800...253_402_300_799, using: &generator)
      let moment = Timestamp(seconds: seconds)
      #expect(Timestamp(iso8601: moment.iso8601) == moment)
      #expect(moment.iso8601 == Self.byTheCLibrary(seconds))
    }
  }

  @Test("the fraction of a second is not written")
  func fraction() {
    #expect(Timestamp(seconds: 1, nanoseconds: 999_999_999).iso8601 == "1970-01-01T00:00:01Z")
    #expect(Timestamp(seconds: -1, nanoseconds: 999_999_999).iso8601 == "1969-12-31T23:59:59Z")
  }

  @Test(
    "a text that is not a moment in this very form is refused",
    arguments: [
      "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00z", "1970-01-01 00:00:00Z",
      "1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00.0Z", " 1970-01-01T00:00:00Z",
      "1970-01-01T00:00:00Z ", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z",
      "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-01-01T24:00:00Z",
      "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "-970-01-01T00:00:00Z",
      "19七-01-01T00:00:00Z", "197 -01-01T00:00:00Z", "1970/01/01T00:00:00Z",
      "0000-01-01T00:00:00Z", "+970-01-01T00:00:00Z", "1970-01-01T00-00-00Z",
    ])
  func refusedMoments(text: String) {
    #expect(Timestamp(iso8601: text) == nil)
  }

  @Test(
    "a day that its month does not have is refused",
    arguments: [
      "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
      "2024-04-31T00:00:00Z", "2024-06-31T12:00:00Z", "2024-11-31T00:00:00Z",
    ])
  func daysThatAreNot(text: String) {
    #expect(Timestamp(iso8601: text) == nil)
  }

  @Test("moments are ordered by seconds, then by the fraction")
  func order() {
    let moments = [
      Timestamp(seconds: -2, nanoseconds: 5), Timestamp(seconds: -1), Timestamp(seconds: 0),
      Timestamp(seconds: 0, nanoseconds: 1), Timestamp(seconds: 1),
    ]
    #expect(moments.shuffled().sorted() == moments)
  }

  @Test("a revision's suffix is its number and its moment, and is read back")
  func suffix() throws {
    let revision = Revision(number: 12, time: Timestamp(seconds: 1_709_164_800, nanoseconds: 77))
    #expect(revision.name == "12@2024-02-29T00:00:00Z")
    #expect(revision.identifier == "12")
    #expect(revision.time.nanoseconds == 0)
    #expect(Revision(suffix: revision.name) == revision)
  }

  @Test("a revision of a thin volume is called by its second, as by Qubes or without the ending")
  func epoch() {
    let revision = Revision(epoch: 1_709_164_800)
    #expect(revision.identifier == "1709164800" && revision.name == "1709164800-back")
    #expect(revision.number == 1_709_164_800 && revision.time.iso8601 == "2024-02-29T00:00:00Z")
    // Later than any date has four digits for its year.
    #expect(Revision(epoch: .max).identifier == "9223372036854775807")
  }

  @Test(
    "a moment that the notation cannot hold is moved to its end, so that the revision is found",
    arguments: [Int64.min, -62_135_596_801, 253_402_300_800, Int64.max])
  func farMoments(seconds: Int64) {
    let revision = Revision(number: 3, time: Timestamp(seconds: seconds))
    #expect(Revision(suffix: revision.name) == revision)
  }

  @Test(
    "a suffix that no revision would have is none",
    arguments: [
      "", "@", "1", "1@", "@2024-02-29T00:00:00Z", "0@2024-02-29T00:00:00Z",
      "-1@2024-02-29T00:00:00Z", "+1@2024-02-29T00:00:00Z", "01@2024-02-29T00:00:00Z",
      "1 @2024-02-29T00:00:00Z", "1@2024-02-29T00:00:00Z@", "1@2024-02-29T00:00:00Z~abcdefgh",
      "1@2024-02-29", "a@2024-02-29T00:00:00Z", "99999999999999999999@2024-02-29T00:00:00Z",
    ])
  func refusedSuffixes(text: String) {
    #expect(Revision(suffix: text) == nil)
  }

  @Test("whatever is read as a revision has exactly the name it was read from")
  func namesAreUnique() {
    let texts = [
      "1@2024-02-29T00:00:00Z", "7@1969-12-31T23:59:59Z", "3@2016-12-31T23:59:60Z",
      "3@2023-02-29T00:00:00Z", "9223372036854775807@9999-12-31T23:59:59Z",
    ]
    for text in texts {
      if let revision = Revision(suffix: text) { #expect(revision.name == text) }
    }
  }

  @Test("the number of revisions to keep is -1, 0 or more")
  func revisionsToKeep() {
    #expect(RevisionsToKeep("-1") == .disabled)
    #expect(RevisionsToKeep("0") == .count(0))
    #expect(RevisionsToKeep("17") == .count(17))
    #expect(RevisionsToKeep("1000000") == .count(1_000_000))
    for text in ["", "-2", "1000001", "1.0", "one", "0x1", " 1", "1 ", "99999999999999999999"] {
      #expect(RevisionsToKeep(text) == nil, "\(text)")
    }
    for number in [-1, 0, 1, 250] {
      #expect(RevisionsToKeep(String(number))?.number == number)
    }
  }
}
