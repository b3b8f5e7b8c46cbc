import Digests
import StorageModel
import StorageOS

/// What is asked of the SHA-256 of content on its way: nothing, to tell it, to compare it.
///
/// It is that of the logical bytes, with holes as zeroes, before compression and after decompression.
package struct ContentCheck: Sendable {
  /// Whether the sum is to be told.
  package var isWanted: Bool
  /// What it must be; anything else is an error.
  package var expected: Checksum?

  package init(isWanted: Bool = false, expected: Checksum? = nil) {
    self.isWanted = isWanted
    self.expected = expected
  }

  var needsDigest: Bool { isWanted || expected != nil }

  func verify(_ sum: Checksum, of subject: String) throws(StorageError) {
    guard let expected, expected != sum else { return }
    throw StorageError(
      .badInput, subject, "has another checksum than expected: \(sum), not \(expected)")
  }
}

extension Transfer {
  /// Copies, and takes the checksum that is asked for: of what was read, and of what stands in the target afterwards.
  /// - Parameter decode: undoes the encoding of the target, so that it can be read back.
  /// - Returns: also the sum; nil where that was not asked for.
  /// - Throws: `badInput` about `subject` where the sum is not the expected one; `inputOutput` where the target holds
  ///   something else than what was read. Everything is written by then.
  func run(
    _ check: ContentCheck, of subject: String,
    decode: ((any ContentSource) throws(StorageError) -> any ContentSource)? = nil
  ) throws(StorageError) -> (result: Result, sum: Checksum?) {
    guard check.needsDigest else { return (try run(), nil) }
    let digest = try SHA256()
    var copy = self
    copy.digest = digest
    let result = try copy.run()
    let sum = try digest.sum()
    try check.verify(sum, of: subject)
    let written = try SHA256()
    if try readBack(result, into: written, decode: decode) {
      let found = try written.sum()
      guard found == sum else {
        throw StorageError(
          .inputOutput, subject,
          "what was written is not what was read: its checksum is \(found), not \(sum)")
      }
    }
    return (result, sum)
  }

  /// Reads what would be copied and compares its checksum, where one is expected; writes nothing.
  ///
  /// For targets that nobody could bring back to what they were; the transfer's own target is left alone.
  /// - Throws: `badInput` as `run` does; `unsupported` for a source that can be read only once.
  func examine(_ check: ContentCheck, of subject: String) throws(StorageError) {
    guard check.expected != nil else { return }
    _ = try measure(check, of: subject)
  }

  /// As `examine`, and also takes a checksum that is only to be told.
  /// - Returns: the sum; nil where none was asked for.
  func measure(_ check: ContentCheck, of subject: String) throws(StorageError) -> Checksum? {
    guard check.needsDigest else { return nil }
    guard try hasSizedSource() else {
      throw StorageError(
        .unsupported, subject,
        "cannot be verified before it is written: it can be read only once",
        hint: "Put the content into a file first.")
    }
    let digest = try SHA256()
    var copy = self
    copy.digest = digest
    try copy.examine()
    let sum = try digest.sum()
    try check.verify(sum, of: subject)
    return sum
  }
}
