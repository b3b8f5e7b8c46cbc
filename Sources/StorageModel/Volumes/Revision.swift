/// A former committed state of a volume.
///
/// Its number never changes, whichever others come and go.
package struct Revision: Equatable, Sendable {
  /// Strictly increasing within a volume, whose record remembers the highest: counted from 1, or the second in which it
  /// became one.
  package let number: Int
  /// When the state was committed: its file's modification time, whole seconds.
  package let time: Timestamp
  /// What Qubes' drivers call it: `N@TIME` or `EPOCH-back`.
  package let name: String

  package init(number: Int, time: Timestamp) {
    self.number = number
    // Years that the notation cannot hold are moved to its ends; the number decides the order anyway.
    let time = Timestamp(seconds: min(max(time.seconds, -62_135_596_800), Revision.largestEpoch))
    self.time = time
    name = "\(number)@\(time.iso8601)"
  }

  /// The last second that the notation can hold.
  package static let largestEpoch: Int64 = 253_402_300_799

  /// A revision of a thin volume, which is called by the second in which it became one.
  package init(epoch: Int64) {
    number = Int(epoch)
    time = Timestamp(seconds: min(epoch, Revision.largestEpoch))
    name = "\(epoch)-back"
  }

  /// Larger numbers are not taken for revisions, so that there is always a next one.
  package static let largestNumber = 1_000_000_000

  /// What users name it by.
  package var identifier: String { String(number) }

  /// Reads `N@YYYY-MM-DDTHH:MM:SSZ`, as Qubes' driver `file-reflink` ends the names of its revisions.
  package init?(suffix: String) {
    let parts = suffix.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, let number = Int(parts[0]),
      (1...Revision.largestNumber).contains(number), String(number) == parts[0],
      let time = Timestamp(iso8601: String(parts[1]))
    else { return nil }
    self.init(number: number, time: time)
  }
}

extension Timestamp {
  /// The moment in UTC as `YYYY-MM-DDTHH:MM:SSZ`, without the fraction (RFC 3339).
  package var iso8601: String {
    let days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
    let rest = seconds - days * 86400
    let (year, month, day) = civil(fromDays: days)
    // Digit by digit: a long list has four of them in each line.
    var text: [UInt8] = []
    text.reserveCapacity(20)
    func append(_ number: Int64, digits: Int, before separator: Unicode.Scalar) {
      let decimals = String(number).utf8
      text.append(
        contentsOf: repeatElement(UInt8(ascii: "0"), count: max(0, digits - decimals.count)))
      text.append(contentsOf: decimals)
      text.append(UInt8(ascii: separator))
    }
    append(year, digits: 4, before: "-")
    append(month, digits: 2, before: "-")
    append(day, digits: 2, before: "T")
    append(rest / 3600, digits: 2, before: ":")
    append(rest / 60 % 60, digits: 2, before: ":")
    append(rest % 60, digits: 2, before: "Z")
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads `YYYY-MM-DDTHH:MM:SSZ`; nil for anything else.
  package init?(iso8601 text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 else { return nil }
    for (index, expected) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z")] {
      guard bytes[index] == expected.utf8.first else { return nil }
    }
    func number(_ range: Range<Int>, _ allowed: ClosedRange<Int64>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard byte >= 48, byte <= 57 else { return nil }
        value = value * 10 + Int64(byte - 48)
      }
      return allowed.contains(value) ? value : nil
    }
    guard let year = number(0..<4, 1...9999), let month = number(5..<7, 1...12),
      let day = number(8..<10, 1...31), let hour = number(11..<13, 0...23),
      let minute = number(14..<16, 0...59), let second = number(17..<19, 0...60)
    else { return nil }
    let days = days(year: year, month: month, day: day)
    self.init(seconds: days * 86400 + hour * 3600 + minute * 60 + second)
    // 30 February and leap seconds would come out as another text, and name a file that is not there.
    guard iso8601 == text else { return nil }
  }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
private func days(year: Int64, month: Int64, day: Int64) -> Int64 {
  // Years begin in March, so that the leap day is a year's last.
  let y = month <= 2 ? year - 1 : year
  let era = (y >= 0 ? y : y - 399) / 400
  let yearOfEra = y - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/// The reverse of `days(year:month:day:)`.
private func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
  let z = days + 719_468
  let era = (z >= 0 ? z : z - 146_096) / 146_097
  let dayOfEra = z - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shifted = (5 * dayOfYear + 2) / 153
  let month = shifted < 10 ? shifted + 3 : shifted - 9
  return (
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1
  )
}
