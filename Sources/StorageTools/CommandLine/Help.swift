import StorageModel

/// The text of `--help`: one screen of 24 lines of 80 columns, which a test holds every command to.
extension Command {
  var helpText: String {
    var lines = ["Usage: \(name) \(synopsis)", summary, ""]
    let shown = parameters.filter { !$0.isRare }
    let width = min(shown.map { $0.usage.utf8.count }.max() ?? 0, 29)
    for parameter in shown {
      let indent = 2 + width + 2
      let help = Help.wrapped(parameter.help, indent: indent)
      let left = "  " + parameter.usage
      if left.utf8.count + 2 > indent {
        lines += [left] + help
      } else {
        let pad = String(repeating: " ", count: indent - left.utf8.count)
        lines.append(left + pad + (help.first?.trimmed ?? ""))
        lines += help.dropFirst()
      }
    }
    let rare = parameters.filter(\.isRare).map { "--\($0.name)" }
    if !rare.isEmpty { lines += Help.listed(rare, before: "  More options: ") }
    let common = commonParameters.map { $0.kind == .flag ? "--\($0.name)" : $0.usage }
    lines += Help.listed(common, before: "  Common options: ")
    lines += ["", "Example: \(example)", "Manual page: \(name)(8)"]
    return lines.joined(separator: "\n") + "\n"
  }

  private var synopsis: String {
    let own = parameters.filter { $0.isPositional && $0.isRequired }.map {
      ($0.placeholder ?? "") + ($0.isRepeated ? "..." : "")
    }
    return (own + ["[OPTION]..."]).joined(separator: " ")
  }
}

extension Parameter {
  /// How it is typed; the name in brackets where a bare word will do.
  var usage: String {
    switch kind {
    case .value(let placeholder):
      let letter = short.map { "-\($0), " } ?? ""
      return isPositional ? "[--\(name)] \(placeholder)" : "\(letter)--\(name) \(placeholder)"
    case .optionalValue(let placeholder): return "--\(name)[=\(placeholder)]"
    case .flag: return short.map { "-\($0), --\(name)" } ?? "--\(name)"
    }
  }
}

enum Help {
  static let width = 79

  /// Text in lines that begin with `indent` blanks.
  static func wrapped(_ text: String, indent: Int) -> [String] {
    let blank = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.utf8.count + 1 + word.utf8.count > width {
        lines.append(blank + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [blank + line]
  }

  /// A list in lines, its items kept whole.
  static func listed(_ items: [String], before title: String) -> [String] {
    let blank = String(repeating: " ", count: 4)
    var lines: [String] = []
    var line = title
    for (index, item) in items.enumerated() {
      let piece = item + (index < items.count - 1 ? ", " : "")
      if line.utf8.count + piece.utf8.count > width + 1, line != title {
        lines.append(line.without(suffix: " ").map(String.init) ?? line)
        line = blank
      }
      line += piece
    }
    return lines + [line]
  }
}
