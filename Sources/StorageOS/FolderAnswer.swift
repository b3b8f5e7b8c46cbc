import CStorageShim
import Glibc
import StorageModel

/// Whether what is behind a mounted folder still answers: a server, a device.
///
/// A call on a folder whose server is gone does not return, and its process cannot be killed. So the first look at
/// such a folder is had by another process, which gets some time for it. Every folder is asked once a command; several
/// that were begun together share one time.
package enum FolderAnswer {
  /// A question that is on its way.
  private struct Question {
    let work: BoundedWork
    let asked: Double
  }

  // One thread uses them.
  nonisolated(unsafe) private static var questions: [Path: Question] = [:]
  nonisolated(unsafe) private static var answers: [Path: (failure: StorageError?, time: Double)] =
    [:]

  /// Begins to ask, without waiting.
  package static func begin(_ folder: Path) {
    guard questions[folder] == nil, known(folder) == nil else { return }
    let work = try? BoundedWork { shim_ask_folder(folder.text) }
    if let work { questions[folder] = Question(work: work, asked: Clock.monotonicSeconds()) }
  }

  /// Waits for the answer.
  /// - Parameter timeout: seconds since the folder was first asked.
  /// - Throws: what keeps the folder from being used; `inputOutput` where there is no answer in time.
  package static func wait(for folder: Path, timeout: Double) throws(StorageError) {
    if let known = known(folder) {
      guard let failure = known.failure else { return }
      throw failure
    }
    begin(folder)
    guard let question = questions.removeValue(forKey: folder) else {
      throw StorageError(.failure, folder.text, "cannot be asked")
    }
    let outcome = try question.work.outcome(by: question.asked + timeout)
    var failure: StorageError?
    if let outcome {
      let number = outcome.value ?? EIO
      if number != 0 { failure = StorageError(errno: number, folder.text, "cannot be read") }
    } else {
      failure = StorageError(
        .inputOutput, folder.text, "does not answer within \(timeout.secondsText) seconds")
    }
    answers[folder] = (failure, Clock.monotonicSeconds())
    if let failure { throw failure }
  }

  /// Notes what came to light later.
  static func note(_ failure: StorageError, for folder: Path) {
    answers[folder] = (failure, Clock.monotonicSeconds())
  }

  /// What was answered before, unless that is long ago: a silence counts for the rest of the command.
  private static func known(_ folder: Path) -> (failure: StorageError?, time: Double)? {
    guard let answer = answers[folder] else { return nil }
    return answer.failure != nil || Clock.monotonicSeconds() - answer.time < 2 ? answer : nil
  }
}

extension Double {
  /// Seconds as users write them: `10`, `0.5`.
  package var secondsText: String { self == rounded() ? "\(Int(self))" : "\(self)" }
}
