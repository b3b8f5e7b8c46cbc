import StorageModel
import StorageOS

/// A program of another package that does a part of the work.
package struct Program: Sendable {
  package let name: String
  /// The Debian package that has it, named where it is missing.
  package let package: String

  package init(_ name: String, package: String) {
    self.name = name
    self.package = package
  }

  package static let qemuImg = Program("qemu-img", package: "qemu-utils")
  package static let scrub = Program("scrub", package: "scrub")
  package static let cryptsetup = Program("cryptsetup", package: "cryptsetup-bin")

  /// The folders of a system's own programs, in the order searched; what PATH says means nothing.
  private static let folders = [
    "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin",
  ]

  /// What stands before the folders: nothing, but in the golden tier, which brings its own programs, so that it needs
  /// none of the machine's.
  private static var root: String {
    #if DEBUG || FAULT_POINTS
      return Process.environment("CISTERN_FOREIGN_PROGRAMS") ?? ""
    #else
      return ""
    #endif
  }

  /// Where it is.
  /// - Throws: `unsupported`, naming the package.
  package func path() throws(StorageError) -> Path {
    for folder in Program.folders {
      let path = Path(Program.root + folder).appending(name)
      if let status = try FileStatus.ifPresent(path), status.kind == .regular,
        status.mode & 0o111 != 0
      {
        return path
      }
    }
    throw StorageError(
      .unsupported, "", "unable to find \(name)", reason: "install the package \(package)")
  }

  /// The command line as a shell would take it, with the program's path where it is installed.
  package func commandLine(_ arguments: [String]) -> String {
    let path = (try? self.path())?.text ?? name
    return ([path] + arguments).map { $0.shellQuoted }.joined(separator: " ")
  }

  /// Runs it to its end.
  /// - Parameters: as `ChildProcess.run`; `subject` is what errors are about.
  /// - Returns: its output.
  /// - Throws: `failure` with the last line of its errors where its exit status is not 0.
  @discardableResult
  package func run(
    _ arguments: [String], on subject: String, keeping kept: [Descriptor] = [],
    input: Descriptor? = nil, isConfined: Bool = false, timeout: Double? = nil,
    onOutput: (([UInt8]) -> Void)? = nil
  ) throws(StorageError) -> String {
    let result = try ChildProcess.run(
      path(), arguments, keeping: kept, input: input, isConfined: isConfined, timeout: timeout,
      onOutput: onOutput)
    guard result.status == 0 else {
      let lines = String(decoding: result.errors, as: UTF8.self)
        .lines.map { $0.trimmed }.filter {
          // qemu-img removes what it could not finish, which a descriptor's name does not let it.
          !$0.isEmpty && !$0.contains("Error when deleting file /proc/self/fd/")
        }
      // Its own first word on the matter; what other programs it runs say comes later.
      var reason = lines.first { $0.hasPrefix("\(name): ") } ?? lines.last ?? "no message"
      for prefix in ["\(name): ", "ERROR: "] {
        if let rest = reason.without(prefix: prefix) { reason = String(rest) }
      }
      let isFull = result.errors.contains(text: "No space left on device")
      throw StorageError(
        isFull ? .noSpace : .failure, subject, "\(name) failed with status \(result.status)",
        reason: reason)
    }
    return String(decoding: result.output, as: UTF8.self)
  }
}

extension [UInt8] {
  fileprivate func contains(text: String) -> Bool {
    String(decoding: self, as: UTF8.self).contains(text)
  }
}

extension String {
  /// The text as one word of a POSIX shell, quoted only where needed.
  package var shellQuoted: String {
    let isPlain =
      !isEmpty
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          return true
        default: return "-_./,=:+@%".utf8.contains(byte)
        }
      }
    guard !isPlain else { return self }
    return "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }
}
