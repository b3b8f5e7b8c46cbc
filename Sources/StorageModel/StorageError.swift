/// The one error of the toolkit: what failed, on what, why, and how a script can tell.
package struct StorageError: Error, Equatable, Sendable {
  /// What kind of failure it is; decides the exit status.
  package enum Code: String, CaseIterable, Sendable {
    case failure
    case exists
    case notFound = "not-found"
    case busy
    case noSpace = "no-space"
    case usage
    case badInput = "bad-input"
    case unsupported
    case inputOutput = "input-output"
    case lockTimeout = "lock-timeout"
    case permission
    /// A signal asked to stop, and everything begun was taken back.
    case interrupted
  }

  package var code: Code
  /// What it is about: `pool 'images'`, `volume 'a'`, a path; may be empty.
  package var subject: String
  /// What could not be done or is wrong, lower case, without a full stop.
  package var problem: String
  /// The system's reason, in the words of strerror(3).
  package var reason: String?
  /// The system's error number, where a system call failed.
  package var number: Int32?
  /// Undo steps that failed as well, in the order they were tried.
  package var failedUndo: [String] = []
  /// What may help, as a line of its own: what was probably meant, or what to do instead; not part of `text`.
  package var hint: String?

  package init(
    _ code: Code, _ subject: String, _ problem: String, reason: String? = nil, hint: String? = nil
  ) {
    self.code = code
    self.subject = subject
    self.problem = problem
    self.reason = reason
    self.hint = hint
  }

  /// The error in one line without the tool's name: `subject: problem: reason`.
  package var text: String {
    var parts = [subject, problem].filter { !$0.isEmpty }
    if let reason { parts.append(reason) }
    var line = parts.joined(separator: ": ")
    if !failedUndo.isEmpty {
      line += "; also could not undo: " + failedUndo.joined(separator: "; ")
    }
    return line
  }
}
