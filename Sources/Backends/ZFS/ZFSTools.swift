import StorageHost
import StorageModel
import StorageOS

/// OpenZFS's own programs, found in the system's folders and run for a bounded time.
enum ZFSTools {
  static let zfs = Program("zfs", package: "zfsutils-linux")
  static let zpool = Program("zpool", package: "zfsutils-linux")

  /// How long a program may take that only asks; a pool that waits for a lost device never answers.
  private static let answerTime = 120.0
  /// How long one may take that changes something: all of it waits for a transaction group to be on disk.
  private static let changeTime = 600.0

  /// Runs a program that only asks.
  /// - Parameter subject: what errors are about.
  /// - Returns: its lines, each cut at its tabulators.
  static func ask(_ program: Program, _ words: [String], subject: String) throws(StorageError)
    -> [[String]]
  {
    // Of a long answer the child's result keeps only the beginning.
    var output: [UInt8] = []
    _ = try run(program, words, subject: subject, time: answerTime) { output += $0 }
    return String(decoding: output, as: UTF8.self).lines.filter { !$0.isEmpty }.map { line in
      line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Runs a program that changes something; what it changed is on disk afterwards.
  /// - Parameter place: the name of its fault point.
  static func change(
    _ program: Program, _ words: [String], place: StaticString, subject: String,
    input: Descriptor? = nil
  ) throws(StorageError) {
    SystemCall.willChange(place)
    _ = try run(program, words, subject: subject, time: changeTime, input: input, onOutput: nil)
  }

  private static func run(
    _ program: Program, _ words: [String], subject: String, time: Double,
    input: Descriptor? = nil, onOutput: (([UInt8]) -> Void)?
  ) throws(StorageError) -> ChildProcess.Result {
    let result = try ChildProcess.run(
      program.path(), words, input: input, timeout: time, onOutput: onOutput)
    guard result.status == 0 else {
      throw ZFSProblem.error(
        String(decoding: result.errors, as: UTF8.self), status: result.status,
        command: "\(program.name) \(words.first ?? "")", subject: subject)
    }
    return result
  }
}

/// What OpenZFS's programs say when they refuse.
enum ZFSProblem {
  /// Which error a refusal is, by words that all versions since 0.8 use (libzfs_util.c of OpenZFS).
  private static let words: [(text: String, code: StorageError.Code)] = [
    ("modules are not loaded", .unsupported), ("modules cannot be auto-loaded", .unsupported),
    ("must be run as root", .permission), ("ermission denied", .permission),
    ("out of space", .noSpace), ("already exists", .exists),
    ("does not exist", .notFound), ("no such pool", .notFound), ("no pools available", .notFound),
    ("is busy", .busy), ("has children", .busy), ("dependent clones", .busy),
    ("more recent snapshots", .busy), ("is part of active pool", .busy),
    ("is in use", .busy),
  ]

  /// The error, with the program's own words as its problem and reason.
  static func error(_ text: String, status: Int32, command: String, subject: String)
    -> StorageError
  {
    let lines = text.lines.map { $0.trimmed }.filter { !$0.isEmpty }
    let code = words.first { text.contains(words: $0.text) }?.code ?? .failure
    // The first line says what could not be done; of `zpool` the second one says why.
    var line = lines.first ?? "no message"
    if line.hasPrefix("invalid vdev specification"), let last = lines.last { line = last }
    if code == .unsupported {
      return StorageError(
        code, subject, "the kernel has no ZFS", reason: "its modules are not loaded",
        hint: "Load them: modprobe zfs")
    }
    let (problem, reason) =
      line.cut(atText: ": ").map { (String($0.before), String($0.after)) } ?? (line, nil)
    return StorageError(
      code, subject, reason == nil ? "\(command) failed with status \(status)" : problem,
      reason: reason ?? line)
  }
}

extension String {
  /// Whether the text has these words somewhere.
  func contains(words: String) -> Bool { cut(atText: words) != nil }
}
