import CStorageShim
import Glibc
import StorageModel

/// Where output goes to, as far as that decides how it looks.
///
/// What goes to a file or another program always looks the same.
package struct Terminal: Sendable {
  /// Columns of the window; nil where output goes elsewhere or the width is not known.
  package let columns: Int?
  /// Whether words may be coloured.
  ///
  /// What a colour says is always said by a word as well.
  package let usesColour: Bool
  /// Whether letters outside ASCII can be shown.
  package let isUnicode: Bool

  /// No terminal: a file or another program.
  package static let none = Terminal(columns: nil, usesColour: false, isUnicode: true)
  package static let output = Terminal(descriptor: 1)
  package static let errors = Terminal(descriptor: 2)

  package init(columns: Int?, usesColour: Bool, isUnicode: Bool = true) {
    self.columns = columns
    self.usesColour = usesColour
    self.isUnicode = isUnicode
  }

  /// - Parameters:
  ///   - width: the window's, nil where there is no terminal or it does not say.
  ///   - environment: the value of a variable, nil where unset or empty. `NO_COLOR` (no-color.org) turns colour off
  ///     everywhere, `FORCE_COLOR` and `CLICOLOR_FORCE` turn it on everywhere, `CLICOLOR=0` and `TERM=dumb` turn it
  ///     off on terminals, `COLUMNS` overrides the width.
  package init(isTerminal: Bool, width: Int?, environment: (String) -> String?) {
    let given = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    columns = isTerminal ? given ?? width : nil
    let isForced = ["FORCE_COLOR", "CLICOLOR_FORCE"].contains { name in
      environment(name).map { $0 != "0" } ?? false
    }
    let isAble = (environment("TERM") ?? "dumb") != "dumb" && environment("CLICOLOR") != "0"
    usesColour = environment("NO_COLOR") == nil && (isForced || isTerminal && isAble)
    let locale = environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? ""
    isUnicode = locale.lowercased().replacing("-", by: "").hasSuffix("utf8")
  }

  private init(descriptor: Int32) {
    let isTerminal = Process.isTerminal(descriptor)
    let width = isTerminal ? Int(shim_window_columns(descriptor)) : 0
    self.init(
      isTerminal: isTerminal, width: width > 0 ? width : nil, environment: Process.environment)
  }

  package enum Colour: Int, Sendable {
    case red = 31
    case green = 32
    case yellow = 33
  }

  /// The text in a colour (ECMA-48 SGR), where colours are used.
  package func coloured(_ text: String, _ colour: Colour?) -> String {
    guard usesColour, let colour else { return text }
    return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
  }

  /// How many columns a text without control characters takes, as wcwidth(3) counts in UTF-8.
  package static func width(_ text: String) -> Int {
    // Nearly every text is ASCII, where bytes are columns.
    var copy = text
    let isASCII = copy.withUTF8 { bytes in bytes.allSatisfy { $0 < 0x80 } }
    if isASCII { return text.utf8.count }
    guard let locale = unicode else { return text.unicodeScalars.count }
    let before = uselocale(locale.value)
    defer { uselocale(before) }
    return text.unicodeScalars.reduce(0) { $0 + max(0, Int(shim_character_columns($1.value))) }
  }

  /// Never freed nor changed, so any thread may use it.
  private struct Locale: @unchecked Sendable { let value: locale_t }
  private static let unicode = newlocale(1 << LC_CTYPE, "C.UTF-8", nil).map(Locale.init)
}
