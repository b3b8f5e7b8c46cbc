import StorageModel

/// The names that Qubes' driver `zfs` gives the snapshots of its volumes, which this one gives them as well.
///
/// `@qubes-clean-LETTERS` is the committed state; `@qubes:CAUSE:SECONDS.MICROSECONDS` a revision. Source:
/// qubes-core-admin 4.3, storage/zfs.py.
enum SnapshotName {
  static let clean = "qubes-clean-"
  private static let revision = "qubes:"
  /// What a clone is made of while the volume changes in place.
  static let clone = "cistern-clone-"

  /// What a revision was made for.
  enum Cause: String {
    case created = "after-create"
    case start = "before-start"
    case dataImport = "after-import-data"
    case volumeImport = "after-import-volume"
  }

  /// Eight lower-case letters that nobody else has used.
  static func letters() -> String {
    var generator = SystemRandomNumberGenerator()
    return String(
      decoding: (0..<8).map { _ in
        UInt8(ascii: "a") + UInt8(generator.next(upperBound: 26 as UInt64))
      }, as: UTF8.self)
  }

  static func isClean(_ name: String) -> Bool {
    guard let letters = name.without(prefix: clean) else { return false }
    return letters.utf8.count == 8 && letters.utf8.allSatisfy { (0x61...0x7a).contains($0) }
  }

  /// When a revision was made; nil for what is none.
  static func time(ofRevision name: String) -> Timestamp? {
    guard let rest = name.without(prefix: revision), let (_, time) = rest.cut(atLast: ":"),
      let (seconds, part) = time.cut(at: "."), part.utf8.count == 6, Int64(part) != nil,
      let seconds = Int64(seconds), (0...Revision.largestEpoch).contains(seconds)
    else { return nil }
    return Timestamp(seconds: seconds)
  }

  /// The name of a new revision.
  static func revision(_ cause: Cause, at time: Timestamp) -> String {
    let micros = String(time.nanoseconds / 1000)
    let zeroes = String(repeating: "0", count: max(0, 6 - micros.utf8.count))
    return "\(revision)\(cause.rawValue):\(time.seconds).\(zeroes)\(micros)"
  }
}
