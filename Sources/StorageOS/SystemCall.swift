import Glibc
import StorageModel

/// Turns failed system calls into errors.
package enum SystemCall {
  /// Runs `call` again while it is interrupted by a signal that does not ask to stop.
  /// - Returns: what the call returned, never −1.
  /// - Throws: the error of errno, with `problem` and `subject` as given; `interrupted` as `Interruption` says.
  @discardableResult
  package static func run<Result: SignedInteger>(
    _ subject: @autoclosure () -> String, _ problem: @autoclosure () -> String,
    _ call: () -> Result
  ) throws(StorageError) -> Result {
    while true {
      let result = call()
      if result != -1 { return result }
      // errno is copied before anything else can run and overwrite it.
      let number = errno
      if number == EINTR {
        try Interruption.check()
        continue
      }
      throw StorageError(errno: number, subject(), problem())
    }
  }

  /// Marks a place right before a call that changes something on disk.
  ///
  /// The crash tests cut here, in debug builds and in those made with `-DFAULT_POINTS`: with
  /// `CISTERN_FAULT=n` the process kills itself at the n-th place; with `CISTERN_FAULT_LOG=file`
  /// every place passed appends a line with its name.
  @inline(__always)
  package static func willChange(_ name: StaticString) {
    #if DEBUG || FAULT_POINTS
      FaultPoint.pass(name)
    #endif
  }
}

extension StorageError {
  /// The error of a failed system call.
  package init(errno number: Int32, _ subject: String, _ problem: String) {
    self.init(Code(errno: number), subject, problem, reason: String(cString: strerror(number)))
    self.number = number
  }
}

extension StorageError {
  /// Whether a file is simply not there: nothing else may count as that.
  package var isAbsence: Bool { number == ENOENT || number == ENOTDIR }

  /// Whether nothing is there that would be in the way of making it; what is not there can also have a file in the
  /// place of a folder above.
  package var isMissing: Bool { number == ENOENT }

  /// Whether a folder was to be removed that is not empty.
  package var isNotEmpty: Bool { number == ENOTEMPTY || number == EEXIST }

  /// Whether the name is longer than the file system can hold, so that nothing there has it.
  package var isTooLongName: Bool { number == ENAMETOOLONG }

  /// Whether a component of a path is a symbolic link where none is followed.
  package var isUnfollowedLink: Bool { number == ELOOP }

  /// Whether a path cannot lead to a file, for whoever follows it.
  package var leadsNowhere: Bool { isAbsence || isTooLongName || isUnfollowedLink }
}

extension StorageError.Code {
  /// The kind of failure that an errno means to a caller.
  package init(errno number: Int32) {
    switch number {
    case ENOENT, ENOTDIR: self = .notFound
    case EEXIST: self = .exists
    // What is in a folder uses it.
    case EBUSY, ETXTBSY, EAGAIN, ENOTEMPTY: self = .busy
    // There is no room for it: on the file system, in memory, among what a process may have open.
    case ENOSPC, EDQUOT, EFBIG, ENOMEM, EMFILE, ENFILE: self = .noSpace
    case EACCES, EPERM, EROFS: self = .permission
    case EOPNOTSUPP, ENOSYS, ENOTTY, EXDEV: self = .unsupported
    case EIO: self = .inputOutput
    default: self = .failure
    }
  }
}

#if DEBUG || FAULT_POINTS
  /// Cuts for the crash tests; not in what is installed.
  private enum FaultPoint {
    nonisolated(unsafe) private static var passed = 0
    private static let cut = getenv("CISTERN_FAULT").flatMap { Int(String(cString: $0)) }
    private static let log = getenv("CISTERN_FAULT_LOG").map { String(cString: $0) }

    static func pass(_ name: StaticString) {
      passed += 1
      if let log {
        let fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let line = "\(passed) \(name)\n"
        _ = write(fd, line, line.utf8.count)
        close(fd)
      }
      if passed == cut { kill(getpid(), SIGKILL) }
    }
  }
#endif
