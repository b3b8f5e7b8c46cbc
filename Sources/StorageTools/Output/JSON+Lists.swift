import StorageModel

extension JSON {
  /// The value as a word: `-` for null, yes or no for truth values.
  var plainText: String {
    switch self {
    case .string(let text): return text
    case .boolean(let isTrue): return isTrue ? "yes" : "no"
    case .null: return "-"
    case .integer, .object, .array: return text
    }
  }

  /// Negative where this value comes first in a list that is sorted, positive where the other does: null before
  /// all, numbers by what they are, texts by their bytes.
  func compared(with other: JSON) -> Int {
    switch (self, other) {
    case (.null, .null): return 0
    case (.null, _): return -1
    case (_, .null): return 1
    case (.integer(let left), .integer(let right)): return left == right ? 0 : left < right ? -1 : 1
    default:
      let (left, right) = (plainText, other.plainText)
      return left == right ? 0 : left < right ? -1 : 1
    }
  }
}
