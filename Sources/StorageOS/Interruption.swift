import CStorageShim
import Glibc
import StorageModel

/// Requests to stop: SIGINT, SIGTERM and SIGHUP, noted by a handler and looked at where stopping is safe.
///
/// `check()` throws once for a request. Whoever catches that error tidies up like after any other and is not
/// disturbed again; at the end `endProcess()` lets the process die of the signal. A second signal of the same kind
/// ends the process at once, as if it were killed.
package enum Interruption {
  nonisolated(unsafe) private static var wasThrown = false

  /// Begins to note signals instead of dying of them; those that the starter ignores stay ignored.
  package static func beginNoting() { shim_catch_stop_signals() }

  /// Whether a request was made.
  package static var isRequested: Bool { shim_stop_signal() != 0 }

  /// Whether a request was made that nobody has caught yet.
  package static var isPending: Bool { isRequested && !wasThrown }

  /// Throws `interrupted` where a request was made that was not thrown before.
  ///
  /// Costs next to nothing. Call it on the main thread only, before each part of long work.
  package static func check() throws(StorageError) {
    guard shim_stop_signal() != 0, !wasThrown else { return }
    wasThrown = true
    throw StorageError(.interrupted, "", "interrupted by \(name(shim_stop_signal()))")
  }

  /// The exit status that a shell shows for a process which the signal ended: 128 and its number.
  package static var status: Int32 { 128 + shim_stop_signal() }

  /// Ends the process by the signal that was noted, so that whoever waits for it learns of that.
  package static func endProcess() -> Never {
    shim_end_by(shim_stop_signal())
    // Only reached where the signal cannot end the process: as the first of a PID name space.
    exit(status)
  }

  private static func name(_ signal: Int32) -> String {
    switch signal {
    case SIGINT: return "SIGINT"
    case SIGTERM: return "SIGTERM"
    case SIGHUP: return "SIGHUP"
    default: return "signal \(signal)"
    }
  }
}
