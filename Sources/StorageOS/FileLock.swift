import CStorageShim
import Glibc
import StorageModel

/// A lock on a file, held while the object lives, gone with the process however it ends.
///
/// Open-file-description locks (fcntl(2), F_OFD_SETLK): they belong to the descriptor, not to the process.
package final class FileLock: Sendable {
  package enum Mode: Sendable { case shared, exclusive }

  private let descriptor: Descriptor

  /// Takes the lock, waiting at most `timeout` seconds.
  /// - Parameters:
  ///   - name: the lock file in `folder`; made where missing and never removed.
  ///   - owner: how the holder introduces itself to those who wait: `PID COMMAND`.
  /// - Throws: `lockTimeout` naming the holder.
  package init(
    _ name: String, in folder: Folder, mode: Mode, timeout: Double, owner: String
  ) throws(StorageError) {
    let path = folder.path.appending(name)
    let number = try SystemCall.run(path.text, "cannot open lock file") {
      shim_open_beneath(folder.descriptor.number, name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }
    descriptor = Descriptor(owning: number, path: path)
    let exclusive: Int32 = mode == .exclusive ? 1 : 0
    let deadline = Clock.monotonicSeconds() + timeout
    var pause: UInt32 = 500
    while shim_lock(number, exclusive, 0) != 0 {
      let code = errno
      guard code == EAGAIN || code == EACCES || code == EINTR else {
        throw StorageError(errno: code, path.text, "cannot lock")
      }
      guard Clock.monotonicSeconds() < deadline else {
        throw StorageError(
          .lockTimeout, "", "is locked by \(holder()) (waited \(seconds(timeout)))")
      }
      try Interruption.check()
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
    // Only for messages: a reader may see a former holder for an instant.
    ftruncate(number, 0)
    _ = pwrite(number, owner, owner.utf8.count, 0)
  }

  private func holder() -> String {
    guard let bytes = try? descriptor.read(at: 0, count: 400), !bytes.isEmpty else {
      return "another process"
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let words = text.split(separator: " ", maxSplits: 1)
    guard words.count == 2, let pid = Int32(words[0]), kill(pid, 0) == 0 || errno == EPERM else {
      return "another process"
    }
    return "process \(words[0]) (\(words[1]))"
  }
}

private func seconds(_ value: Double) -> String {
  value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
}

/// The system's clocks.
package enum Clock {
  /// Seconds since some fixed moment, never going back.
  package static func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// The present moment.
  package static func now() -> Timestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(seconds: Int64(now.tv_sec), nanoseconds: Int32(now.tv_nsec))
  }
}
