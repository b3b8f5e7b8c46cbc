import Glibc
import StorageModel

/// Attributes of kernel objects: small files in /sys and /proc, read and written whole.
package enum SysFile {
  /// What an attribute says, without white space around it; nil where it is not there or has nothing to say.
  package static func text(_ file: Path) throws(StorageError) -> String? {
    try bytes(file).map { String(decoding: $0, as: UTF8.self).trimmed }
  }

  /// The bytes of an attribute; nil where it is not there or has nothing to say.
  package static func bytes(_ file: Path, limit: Int = 1 << 16) throws(StorageError) -> [UInt8]? {
    do throws(StorageError) { return try Descriptor(reading: file).readAll(limit: limit) } catch {
      guard error.isAbsence || error.isObjectGone || error.saysNothing else { throw error }
      return nil
    }
  }

  /// The names in a folder of attributes, sorted; none where it is not there.
  package static func names(in folder: Path) throws(StorageError) -> [String] {
    do throws(StorageError) {
      return try Folder(opening: folder).entries().map(\.name).sorted()
    } catch {
      guard error.isAbsence || error.isObjectGone else { throw error }
      return []
    }
  }

  /// Writes an attribute; the kernel takes it in one call and acts before that returns.
  /// - Parameter problem: what the write is for, as errors say it.
  package static func write(_ text: String, to file: Path, _ problem: String) throws(StorageError) {
    SystemCall.willChange("write to /sys")
    let opened = try Descriptor(
      opening: file, flags: O_WRONLY | O_TRUNC | O_NOCTTY, problem: problem)
    let bytes = Array(text.utf8)
    try SystemCall.run(file.text, problem) { Glibc.write(opened.number, bytes, bytes.count) }
  }
}

extension StorageError {
  /// Whether the device or process that a file of /sys or /proc tells of went while it was looked at.
  package var isObjectGone: Bool { [ENODEV, ENXIO, ESRCH].contains(number) }

  /// Whether an attribute is there and its driver has nothing to say.
  fileprivate var saysNothing: Bool { [EINVAL, ENODATA, EOPNOTSUPP, ENOTCONN].contains(number) }
}

/// Waiting for what the kernel or another process is about to do.
package enum Waiting {
  /// Asks until the answer is yes or the time is over, at least once.
  /// - Returns: whether the answer was yes.
  /// - Throws: also `interrupted`.
  package static func upTo(
    seconds: Double, _ isDone: () throws(StorageError) -> Bool
  ) throws(StorageError) -> Bool {
    let end = Clock.monotonicSeconds() + seconds
    var pause: UInt32 = 2_000
    while true {
      if try isDone() { return true }
      guard Clock.monotonicSeconds() < end else { return false }
      try Interruption.check()
      usleep(pause)
      pause = min(pause * 2, 100_000)
    }
  }
}
