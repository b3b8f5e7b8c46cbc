import Glibc
import StorageModel

/// The processes of the machine, without those of this command.
package enum OtherProcesses {
  /// Those that fit, as `COMMAND (pid N)`, in order of pid.
  ///
  /// A process that ends meanwhile, or that this user may not look into, does not fit.
  /// - Parameters:
  ///   - proc: where proc(5) is mounted.
  ///   - fits: is given a process's folder there.
  /// - Throws: also where proc(5) is not mounted: nobody can be told, and that is never "nobody".
  package static func named(
    in proc: Path, where fits: (Path) throws(StorageError) -> Bool
  ) throws(StorageError) -> [String] {
    let others = try all(in: proc).filter { !ServerWatch.isOwn($0) }
    var found: [String] = []
    for pid in others.sorted() {
      let process = proc.appending("\(pid)")
      do throws(StorageError) {
        guard try fits(process) else { continue }
        found.append("\(try SysFile.text(process.appending("comm")) ?? "process") (pid \(pid))")
      } catch {
        guard error.isAbsence || error.isObjectGone || error.code == .permission else {
          throw error
        }
      }
    }
    return found
  }

  /// Those that have a file open that fits.
  /// - Parameter countingReaders: whether those count that have it open for reading only.
  static func having(
    countingReaders: Bool, in proc: Path, where fits: (FileStatus) -> Bool
  ) throws(StorageError) -> [String] {
    try named(in: proc) { process throws(StorageError) in
      for (number, status) in try openFiles(of: process) where fits(status) {
        if countingReaders { return true }
        if try isOpenForWriting(number, of: process) { return true }
      }
      return false
    }
  }

  private static func all(in proc: Path) throws(StorageError) -> [Int32] {
    let found: [Int32]
    do throws(StorageError) {
      found = try Folder(opening: proc).entries().compactMap { Int32($0.name) }
    } catch {
      guard error.isAbsence else { throw error }
      throw untold(proc)
    }
    // This process is always there.
    guard !found.isEmpty else { throw untold(proc) }
    return found
  }

  /// The refusal where proc(5) is needed and not mounted.
  /// - Parameter what: what it would have told.
  package static func untold(_ proc: Path, _ what: String = "who uses it") -> StorageError {
    StorageError(
      .busy, "", "cannot tell \(what): '\(proc)' is not mounted",
      hint: "Mount it: mount -t proc proc \(proc)")
  }

  /// The files that a process has open: the number of each, and which it is.
  static func openFiles(of process: Path) throws(StorageError) -> [(
    number: String, status: FileStatus
  )] {
    let folder = process.appending("fd")
    var found: [(number: String, status: FileStatus)] = []
    for entry in try Folder(opening: folder).entries() {
      do throws(StorageError) {
        // Without asking the server of a file that some process has open.
        found.append((entry.name, try FileStatus(known: folder.appending(entry.name))))
      } catch {
        guard error.isAbsence || error.isServerGone || error.code == .permission else {
          throw error
        }
      }
    }
    return found
  }

  /// Whether a process has a file open for writing: the line `flags:` (proc(5), /proc/PID/fdinfo), which is octal;
  /// what does not say counts as writing.
  static func isOpenForWriting(_ number: String, of process: Path) throws(StorageError) -> Bool {
    let lines =
      try SysFile.text(process.appending("fdinfo/\(number)"))?.split(separator: "\n") ?? []
    guard let flags = lines.first(where: { $0.hasPrefix("flags:") }),
      let word = flags.split(whereSeparator: \.isWhitespace).last, let value = Int32(word, radix: 8)
    else { return true }
    return value & O_ACCMODE != O_RDONLY
  }
}

extension StorageError {
  /// Whether the server of a file has gone, so that it can be no file that is worked with now.
  fileprivate var isServerGone: Bool { [ESTALE, ENOTCONN, EHOSTDOWN, ESHUTDOWN].contains(number) }
}
