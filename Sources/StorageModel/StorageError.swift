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

  /// What can be named and not be there.
  package enum Missing: Equatable, Sendable { case pool, volume, secret }

  /// How a change is made of which only something that comes after it failed.
  package enum Made: String, Equatable, Sendable {
    /// It is not known to be on disk.
    case uncertain = "it is done, but may not survive a loss of power"
    /// What has to be cleared away behind it is still there.
    case untidy = "it is done, but something is left over"
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
  /// Which of the things that commands name is not there, where that is what the error says and is certain.
  ///
  /// Nil for everything else that is missing, also below such a thing: a device, a source, a file.
  package var missing: Missing?
  /// Undo steps that failed as well, in the order they were tried.
  package var failedUndo: [String] = []
  /// What became of the change all the same; nil where nothing was changed, or all of it was taken back.
  package var made: Made?
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
    return parts.joined(separator: ": ") + aftermath
  }

  /// What is said behind the error: that the change is made all the same, and what could not be undone.
  package var aftermath: String {
    let undo = failedUndo.isEmpty ? "" : "; also could not undo: "
    return (made.map { "; \($0.rawValue)" } ?? "") + undo + failedUndo.joined(separator: "; ")
  }

  /// The error after what was done up to it is taken back; where that fails, it says so.
  package func undone(by undo: () throws(StorageError) -> Void) -> StorageError {
    var error = self
    do throws(StorageError) {
      try undo()
      error.made = nil
    } catch let failure {
      error.failedUndo.append(failure.text)
    }
    return error
  }
}
