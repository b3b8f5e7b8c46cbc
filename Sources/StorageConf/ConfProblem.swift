/// What is wrong with a configuration file, and where.
package struct ConfProblem: Error, Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// The file, a value in it or an edit of it is not acceptable.
    case invalid
    /// A section asks for a driver that is not built in; the caller knows where to look for such programs.
    case externalDriver(String)
  }

  package var kind: Kind
  package var file: String
  /// Counted from 1; nil where the problem is not in one line.
  package var line: Int?
  package var message: String

  package init(file: String, line: Int? = nil, message: String, kind: Kind = .invalid) {
    self.file = file
    self.line = line
    self.message = message
    self.kind = kind
  }

  /// `FILE:LINE: MESSAGE`, or `FILE: MESSAGE` where no line is to blame.
  package var text: String {
    guard let line else { return "\(file): \(message)" }
    return "\(file):\(line): \(message)"
  }
}
