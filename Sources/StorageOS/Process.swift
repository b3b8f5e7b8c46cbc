import CStorageShim
import Glibc
import StorageModel

/// This process: who runs it, its environment, its output.
package enum Process {
  package static var isRoot: Bool { geteuid() == 0 }
  package static var userID: UInt32 { geteuid() }
  package static var identifier: Int32 { getpid() }

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
  package static func readLine() throws(StorageError) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < 4096 {
      let got = try SystemCall.run("standard input", "cannot read") { Glibc.read(0, &byte, 1) }
      if got == 0, bytes.isEmpty { return nil }
      if got == 0 || byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The home folder: `HOME`, else the one of the user database.
  package static var home: Path {
    if let home = environment("HOME") { return Path(home) }
    guard let entry = getpwuid(geteuid()), let folder = entry.pointee.pw_dir else {
      return Path("/")
    }
    return Path(String(cString: folder))
  }

  /// The current folder, `/` where it cannot be told.
  package static var currentFolder: Path {
    guard let buffer = getcwd(nil, 0) else { return Path("/") }
    defer { free(buffer) }
    return Path(String(cString: buffer))
  }

  /// Lets SIGPIPE end only those who want to be ended by it, and SIGIO nobody.
  package static func ignoreSignals(brokenPipe: Bool) {
    if brokenPipe { signal(SIGPIPE, SIG_IGN) }
    // A lease that somebody breaks while it is probed would otherwise end the process.
    signal(SIGIO, SIG_IGN)
  }

  /// The file creation mask the process was started with.
  ///
  /// Reading it clears the mask, so that modes asked for are modes made; call it before anything is
  /// created.
  package static let originalFileModeMask: UInt32 = umask(0)

  /// A path without symbolic links and `..` (realpath(3)), or nil where it does not exist.
  package static func realPath(_ path: Path) -> Path? {
    guard let real = realpath(path.text, nil) else { return nil }
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
