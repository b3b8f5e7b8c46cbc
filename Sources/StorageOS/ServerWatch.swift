import CStorageShim
import Glibc
import StorageModel

/// Ends a command whose server falls silent in the middle of it.
///
/// A call on a file of such a server does not return, and often not even a signal ends the process that made it. So
/// from the first use of a folder of a server on the work is done by a child, while the process that was started asks
/// the server now and then, and gives up where it is silent for too long. What was begun is left as if the command had
/// been killed: what the child does cannot be taken back while it may still be at it.
package enum ServerWatch {
  /// A process that watches this one, or a process that does.
  private struct Watcher {
    let process: Int32
    var isAsking: Bool
  }

  // One thread uses them.
  nonisolated(unsafe) private static var watchers: [Path: Watcher] = [:]
  nonisolated(unsafe) private static var looks = 0

  /// How a command ends whose server is silent.
  nonisolated(unsafe) package static var end: (StorageError) -> Never = { _ in
    Process.exit(74)
  }
  /// Whether what is done inside `look` may go on without the server: nothing was changed or taken from the input.
  nonisolated(unsafe) package static var canGoOn = false

  /// How often the time for one answer a silence may last.
  ///
  /// Servers that move to another machine are silent for a while, and their clients are meant to wait.
  private static let patience = 3.0

  /// Makes sure that a mounted folder answers; of that of a server this is watched from now to the end of the command or
  /// of `look`.
  /// - Parameters:
  ///   - timeout: seconds for one answer; later `patience` times that is waited for, counted from the question.
  ///   - subject: what errors are about.
  ///   - hint: what to do where the server falls silent while something is changed.
  /// - Throws: what keeps the folder from being used; `inputOutput` where nothing answers, also in the process that
  ///   watches, where the server was silent inside `look`.
  package static func reach(
    _ mount: Mount, timeout: Double, subject: String, hint: String? = nil
  ) throws(StorageError) {
    do throws(StorageError) { try FolderAnswer.wait(for: mount.target, timeout: timeout) } catch {
      var error = error
      error.problem = "'\(mount.source)' on '\(mount.target)' \(error.problem)"
      error.subject = subject
      throw error
    }
    guard mount.isRemote else { return }
    try begin(mount, timeout: max(timeout, 1), subject: subject, hint: hint)
  }

  private static func begin(_ mount: Mount, timeout: Double, subject: String, hint: String?)
    throws(StorageError)
  {
    if let watcher = watchers[mount.target] {
      if !watcher.isAsking { tell(mount.target, isAsking: true) }
      return
    }
    let mayGoOn = looks > 0 && canGoOn
    let own = getpid()
    let worker = try SystemCall.run(subject, "cannot start a process") {
      shim_fork_worker()
    }
    guard worker != 0 else {
      watchers[mount.target] = Watcher(process: own, isAsking: true)
      return
    }
    var status: Int32 = 0
    let limit = timeout * patience
    let outcome = shim_watch_worker(worker, mount.target.text, timeout, limit, &status)
    if outcome == 1 {
      let signal = status & 0x7f
      if signal != 0 { shim_end_by(signal) }
      _exit(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
    }
    let device = mount.device.split(separator: ":").compactMap { UInt32($0) }
    shim_abandon_worker(worker, device.first ?? 0, device.last ?? 0)
    let error = StorageError(
      .inputOutput, subject,
      "'\(mount.source)' on '\(mount.target)' has not answered for \(limit.secondsText) seconds",
      hint: canGoOn ? nil : hint)
    guard mayGoOn, outcome == 0 else { end(error) }
    FolderAnswer.note(error, for: mount.target)
    throw error
  }

  /// Looks at something that the command is not about: where its server falls silent later, the command goes on.
  package static func look<Result>(_ body: () throws(StorageError) -> Result) throws(StorageError)
    -> Result
  {
    let before = Set(watchers.filter(\.value.isAsking).keys)
    looks += 1
    defer {
      looks -= 1
      for (folder, watcher) in watchers where watcher.isAsking && !before.contains(folder) {
        tell(folder, isAsking: false)
      }
    }
    return try body()
  }

  private static func tell(_ folder: Path, isAsking: Bool) {
    guard let watcher = watchers[folder] else { return }
    shim_tell_watcher(watcher.process, isAsking ? 1 : 0)
    watchers[folder]?.isAsking = isAsking
  }

  /// Whether a process is this command.
  package static func isOwn(_ process: Int32) -> Bool {
    process == getpid() || watchers.values.contains { $0.process == process }
  }
}
