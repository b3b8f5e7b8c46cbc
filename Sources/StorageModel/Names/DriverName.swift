/// The name of a driver process: what stands behind `cistern-driver-` in the name of its program.
///
/// Letters, digits, `_`, `-` and `.`, at most 64, the first a letter or digit; never a word that selects what is built
/// in.
package struct DriverName: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  /// - Returns: nil for a text that is no such name.
  package init?(_ text: String) {
    guard (1...64).contains(text.utf8.count), !DriverName.builtIn.contains(text),
      text.unicodeScalars.allSatisfy({
        $0.isASCIILetter || $0.isASCIIDigit || "_-.".unicodeScalars.contains($0)
      }),
      text.unicodeScalars.first.map({ $0.isASCIILetter || $0.isASCIIDigit }) == true
    else { return nil }
    self.text = text
  }

  package var description: String { text }

  /// The words of storage.conf and of documents that select what is built in.
  private static let builtIn = Set(
    (["callback"] + FileDriver.allCases.map(\.rawValue) + PoolType.allCases.map(\.rawValue))
      .map { ByteString($0) }
  )
}
