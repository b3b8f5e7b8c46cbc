import CStorageShim
import Glibc
import StorageModel

/// This process: who runs it, its environment, its output.
package enum Process {
  package static var isRoot: Bool { geteuid() == 0 }
  package static var userID: UInt32 { geteuid() }
  package static var groupID: UInt32 { getegid() }
  /// Whether this process may give files of its own to a group.
  package static func mayGive(toGroup group: UInt32) -> Bool {
    if isRoot || group == groupID { return true }
    let count = getgroups(0, nil)
    guard count > 0 else { return false }
    var groups = [gid_t](repeating: 0, count: Int(count))
    let known = getgroups(count, &groups)
    return known > 0 && groups.prefix(Int(known)).contains(group)
  }
  package static var identifier: Int32 { getpid() }
  /// What the machine calls itself (uname(2)), without blanks.
  package static let hostName: String = {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "-" }
    let text = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.isEmpty ? "-" : text.split(whereSeparator: \.isWhitespace).joined(separator: "_")
  }()

  /// The words that the program was started with, the first of them its own name.
  ///
  /// From the C library and not from /proc, which need not be mounted.
  package static var arguments: [String] {
    (0..<shim_argument_count()).compactMap { shim_argument($0).map { String(cString: $0) } }
  }

  /// Lets a crash end the process and do nothing else; before anything is looked at that others could have made.
  package static func leaveCrashesToKernel() { shim_default_crashes() }

  /// The value of an environment variable; nil where unset or empty.
  package static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  /// Every variable of the environment, as `NAME=VALUE`.
  package static var wholeEnvironment: [String] {
    var settings: [String] = []
    var next = environ
    while let entry = next.pointee {
      settings.append(String(cString: entry))
      next += 1
    }
    return settings
  }

  /// A line of standard input without its end; nil at the end of the input.
  ///
  /// Takes nothing beyond the line, so that a program started later finds the rest.
  /// - Throws: `badInput` where it is longer than a mebibyte.
  package static func readLine() throws(StorageError) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      guard bytes.count < 1 << 20 else {
        throw StorageError(.badInput, "standard input", "has a line of more than 1 MiB")
      }
      let got = try SystemCall.run("standard input", "cannot read") { Glibc.read(0, &byte, 1) }
      if got == 0, bytes.isEmpty { return nil }
      if got == 0 || byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The home folder: `HOME`, else the one of the user database.
  /// - Throws: `usage` where neither says.
  package static func home() throws(StorageError) -> Path {
    if let home = environment("HOME") { return Path(home) }
    guard let entry = getpwuid(geteuid()), let folder = entry.pointee.pw_dir else {
      throw StorageError(
        .usage, "HOME", "is not set, and the user database has no user \(geteuid())")
    }
    return Path(String(cString: folder))
  }

  /// The current folder.
  /// - Throws: where it cannot be told: it was removed, or this user may not look above it.
  package static func currentFolder() throws(StorageError) -> Path {
    guard let buffer = getcwd(nil, 0) else {
      throw StorageError(errno: errno, ".", "cannot tell the current folder")
    }
    defer { free(buffer) }
    return Path(String(cString: buffer))
  }

  /// Lets SIGPIPE end only those who want to be ended by it, and SIGIO nobody.
  package static func ignoreSignals(brokenPipe: Bool) {
    if brokenPipe { signal(SIGPIPE, SIG_IGN) }
    // A lease that somebody breaks while it is probed would otherwise end the process.
    signal(SIGIO, SIG_IGN)
  }

  /// Makes another folder the current one.
  package static func changeFolder(to path: Path) throws(StorageError) {
    try SystemCall.run(path.text, "cannot enter") { chdir(path.text) }
  }

  /// Runs `body` in a process of its own, which ends with this one, and waits for its end.
  ///
  /// Needs a process with one thread. Signals from the keyboard are the other one's meanwhile; where it dies of a signal, so does this process.
  /// - Returns: its exit status.
  package static func inChild(_ body: () -> Never) throws(StorageError) -> Int32 {
    let child = try SystemCall.run("", "cannot start a process") { shim_fork_command() }
    if child == 0 { body() }
    shim_leave_keyboard_signals(1)
    defer { shim_leave_keyboard_signals(0) }
    var status: Int32 = 0
    try SystemCall.run("", "cannot wait for a command") { waitpid(child, &status, 0) }
    let signal = status & 0x7f
    guard signal != 0 else { return (status >> 8) & 0xff }
    shim_end_by(signal)
    return 128 + signal
  }

  /// The file creation mask the process was started with.
  ///
  /// Reading it clears the mask, so that modes asked for are modes made; call it before anything is
  /// created.
  package static let originalFileModeMask: UInt32 = umask(0)

  /// A path without symbolic links and `..` (realpath(3)), or nil where it does not exist.
  package static func realPath(_ path: Path) throws(StorageError) -> Path? {
    guard let real = realpath(path.text, nil) else {
      let error = StorageError(errno: errno, path.text, "cannot follow its links")
      if error.isAbsence { return nil }
      throw error
    }
    defer { free(real) }
    return Path(String(cString: real))
  }

  /// Lets a closed pipe end the process, as it ends other programs that write to one.
  package static func endOnBrokenPipe() { signal(SIGPIPE, SIG_DFL) }

  /// Whether a descriptor is a terminal.
  package static func isTerminal(_ number: Int32) -> Bool { isatty(number) == 1 }

  /// How many columns a terminal has, 80 where it does not say; nil where the descriptor is no terminal.
  package static func terminalColumns(_ number: Int32) -> Int? {
    guard isTerminal(number) else { return nil }
    let columns = Int(shim_terminal_columns(number))
    return columns > 0 ? columns : 80
  }

  /// How many processors there are to work on.
  package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Ends the process.
  package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

  package static let standardInput = Descriptor(duplicating: 0, named: "standard input")
  package static let standardOutput = Descriptor(duplicating: 1, named: "standard output")
  package static let standardError = Descriptor(duplicating: 2, named: "standard error")
}

extension Descriptor {
  fileprivate convenience init(duplicating number: Int32, named name: String) {
    // A duplicate, so that closing it with the object leaves the process's own descriptor open.
    self.init(owning: fcntl(number, F_DUPFD_CLOEXEC, 3), path: Path(name))
  }
}
