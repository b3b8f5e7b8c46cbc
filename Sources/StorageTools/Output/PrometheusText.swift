import StorageModel

/// Metrics in Prometheus' text format (version 0.0.4 of its exposition formats).
struct PrometheusText {
  private(set) var text = ""

  /// One value of a metric, told from others by its labels.
  struct Sample {
    let labels: [(String, String)]
    let value: Int64
    init(_ labels: [(String, String)], _ value: Int64) {
      self.labels = labels
      self.value = value
    }
  }

  /// Adds a metric that can go up and down; one without samples is left out.
  mutating func gauge(_ name: String, _ help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(PrometheusText.escaped(help, quotes: false))\n# TYPE \(name) gauge\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0)=\"\(PrometheusText.escaped($1, quotes: true))\"" }
      text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
      text += " \(sample.value)\n"
    }
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for letter in text.unicodeScalars {
      switch letter {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(letter)
      }
    }
    return result
  }
}
