import StorageModel

/// What is wrong with a configuration file, and where.
package struct ConfProblem: Error, Equatable, Sendable {
  package var file: String
  /// Counted from 1; nil where the problem is not in one line.
  package var line: Int?
  package var message: String

  package init(file: String, line: Int? = nil, message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  /// `FILE:LINE: MESSAGE`, or `FILE: MESSAGE` where no line is to blame.
  package var text: String {
    guard let line else { return "\(file): \(message)" }
    return "\(file):\(line): \(message)"
  }
}
