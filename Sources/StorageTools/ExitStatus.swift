import StorageModel
import StorageOS

/// The exit statuses of every command: the one table.
///
/// 64 to 78 are those of sysexits.h.
enum ExitStatus: Int32, CaseIterable, Sendable {
  case success = 0
  case failure = 1
  case problemsFound = 2
  case exists = 3
  case notFound = 4
  case busy = 5
  case noSpace = 6
  case usage = 64
  case badInput = 65
  case unsupported = 69
  case inputOutput = 74
  case lockTimeout = 75
  case permission = 77
  /// Of SIGINT; the process dies of the signal itself, so that others have their own number.
  case interrupted = 130

  /// What it tells, as man pages print it.
  var meaning: String {
    switch self {
    case .success: return "Done, or already so."
    case .failure: return "The operation failed for a reason that no other status names."
    case .problemsFound: return "A check found problems that are not repaired."
    case .exists:
      return "It already exists, or exists with other values."
    case .notFound: return "There is no such pool, volume, revision or file."
    case .busy: return "In use, or in a state that forbids the operation."
    case .noSpace: return "Not enough space, memory or open files."
    case .usage: return "The command line is wrong."
    case .badInput: return "A document, a value or the input data is not acceptable."
    case .unsupported: return "This pool, file system or machine cannot do it."
    case .inputOutput: return "Reading or writing failed."
    case .lockTimeout: return "Another command held a lock for too long; try again."
    case .permission: return "Not permitted."
    case .interrupted:
      return "Stopped by SIGINT (143: SIGTERM, 129: SIGHUP); partial work is undone."
    }
  }

  /// The number that a command ends with for an error.
  static func number(_ code: StorageError.Code, of command: Command) -> Int32 {
    if code == .interrupted { return Interruption.status }
    return command.ending == .nagios ? NagiosState.unknown.rawValue : ExitStatus(code).rawValue
  }

  init(_ code: StorageError.Code) {
    switch code {
    case .failure: self = .failure
    case .exists: self = .exists
    case .notFound: self = .notFound
    case .busy: self = .busy
    case .noSpace: self = .noSpace
    case .usage: self = .usage
    case .badInput: self = .badInput
    case .unsupported: self = .unsupported
    case .inputOutput: self = .inputOutput
    case .lockTimeout: self = .lockTimeout
    case .permission: self = .permission
    case .interrupted: self = .interrupted
    }
  }
}
