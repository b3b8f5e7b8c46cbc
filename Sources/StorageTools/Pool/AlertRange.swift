import StorageModel

/// Values that are nothing to worry about, as plugins of Nagios take them.
///
/// `80`, `10:`, `~:80` and `10:80` are ranges with both ends; `@` before one means all values but those. A per cent sign
/// means nothing. Source: the development guidelines of the Nagios plugins, thresholds and ranges.
struct AlertRange: Equatable, Sendable {
  /// As it was given, for the data that plugins print.
  let text: String
  private let least: Double
  private let most: Double
  private let isInside: Bool

  init?(_ text: String) {
    self.text = text.replacing("%", by: "")
    isInside = text.hasPrefix("@")
    let bounds = (self.text.without(prefix: "@").map(String.init) ?? self.text)
      .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard bounds.count <= 2, let last = bounds.last, let first = bounds.first else { return nil }
    let low: Double? = bounds.count == 1 ? 0 : first == "~" ? -.infinity : Double(first)
    let high: Double? = bounds.count == 2 && last.isEmpty ? .infinity : Double(last)
    guard let low, let high, low <= high, !low.isNaN, !high.isNaN else { return nil }
    least = low
    most = high
  }

  /// Whether this range, as one that is to be smaller than another, lets more pass; known of plain numbers only.
  func isAbove(_ other: AlertRange) -> Bool {
    let arePlain = [self, other].allSatisfy { Double($0.text) != nil }
    return arePlain && most > other.most
  }

  /// Whether a value is one to worry about.
  func alerts(at value: Double) -> Bool { (value < least || value > most) != isInside }
}
