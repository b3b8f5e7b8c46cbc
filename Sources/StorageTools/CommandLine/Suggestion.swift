import StorageModel

/// The likeliest of the words that somebody may have meant by another.
enum Suggestion {
  /// The candidate nearest to `word`; nil where none is near enough to be worth a line.
  ///
  /// Near is: one slip, or one in three letters, where a slip is a letter too many, missing or wrong, or two
  /// letters exchanged; or a word that was not typed to its end. Of equally near ones the first in order of the
  /// alphabet. Numbers are near to nothing.
  static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
    let typed = Array(word.lowercased().unicodeScalars)
    guard typed.contains(where: \.properties.isAlphabetic) else { return nil }
    let limit = max(1, typed.count / 3)
    var best: (slips: Int, word: String)?
    for candidate in candidates where candidate != word {
      let letters = Array(candidate.lowercased().unicodeScalars)
      var slips = limit + 1
      if letters.count - typed.count <= limit, typed.count - letters.count <= limit {
        slips = distance(typed, letters)
      }
      if slips > limit, typed.count >= 3, letters.starts(with: typed) { slips = limit }
      // A word of one letter is one slip from every other.
      guard slips <= limit, slips < max(typed.count, letters.count) else { continue }
      if best.map({ slips < $0.slips || slips == $0.slips && candidate < $0.word }) ?? true {
        best = (slips, candidate)
      }
    }
    return best?.word
  }

  /// The question that follows an error.
  static func question(_ word: String) -> String { "Did you mean '\(word)'?" }

  /// The number of slips between two words (optimal string alignment).
  private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        var best = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, beforeLast[j - 1] + 1)
        }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[right.count]
  }
}
