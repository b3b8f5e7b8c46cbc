import StorageModel
import StorageOS

/// What `--filter` asks of a column: `NAME=GLOB`, `NAME!=GLOB`, or `<`, `<=`, `>`, `>=` and a size or a text.
struct RowFilter<Item>: Sendable {
  private enum Relation: String, CaseIterable {
    // Those of two characters first, so that they are found whole.
    case isNot = "!="
    case atMost = "<="
    case atLeast = ">="
    case matches = "="
    case less = "<"
    case more = ">"
  }

  private let column: Int
  private let relation: Relation
  private let wanted: String
  /// The number that is wanted, where the column has numbers.
  private let number: Int64?

  /// - Throws: `usage`.
  init(_ text: String, among columns: [Column<Item>]) throws(StorageError) {
    guard let (name, relation, wanted) = RowFilter.parts(of: text) else {
      throw Arguments.usage(
        "--filter '\(text)' is not a condition: expected COLUMN=GLOB, COLUMN!=GLOB, or COLUMN<VALUE"
          + " with <, <=, > or >=")
    }
    column = try columns.place(of: name, for: "filter")
    self.relation = relation
    self.wanted = wanted
    guard columns[column].isSize else {
      number = Int64(wanted)
      return
    }
    do throws(ScaledSize.Problem) { number = try ScaledSize.parse(wanted).bytes } catch {
      // Patterns are no sizes.
      guard relation == .matches || relation == .isNot else {
        throw Arguments.usage("--filter '\(text)': '\(wanted)' is not a size: \(error.text)")
      }
      number = nil
    }
  }

  /// Whether an item is wanted; what is not known is neither less nor more than anything.
  func matches(_ item: Item, _ columns: [Column<Item>]) -> Bool {
    let value = columns[column].value(item)
    switch (relation, value) {
    case (_, .integer) where number != nil: break
    case (.matches, _): return Glob.matches(value.plainText, wanted)
    case (.isNot, _): return !Glob.matches(value.plainText, wanted)
    case (_, .null): return false
    default: break
    }
    let order = value.compared(with: number.map(JSON.integer) ?? .string(wanted))
    switch relation {
    case .matches: return order == 0
    case .isNot: return order != 0
    case .less: return order < 0
    case .atMost: return order <= 0
    case .more: return order > 0
    case .atLeast: return order >= 0
    }
  }

  private static func parts(of text: String) -> (String, Relation, String)? {
    let scalars = Array(text.unicodeScalars)
    guard let start = scalars.firstIndex(where: { "!<=>".unicodeScalars.contains($0) }), start > 0
    else { return nil }
    func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
      var text = String.UnicodeScalarView()
      text.append(contentsOf: part)
      return String(text)
    }
    let rest = string(scalars[start...])
    for relation in Relation.allCases {
      guard let wanted = rest.without(prefix: relation.rawValue) else { continue }
      return (string(scalars[..<start]), relation, String(wanted))
    }
    return nil
  }
}
