import CStorageShim
import Glibc
import StorageModel

/// Work that may never end, because it waits for a server or a device that is gone.
///
/// It is done in a process of its own. Whoever waits for it gives up when the time is over; the process is killed then,
/// and left behind where even that does not end it. Needs a process with one thread.
package final class BoundedWork {
  /// What work that ended left.
  package struct Outcome: Sendable {
    /// What the work returned; nil where its process ended before.
    package let value: Int32?
    /// The first 64 KiB of what it, and programs that it ran, wrote to standard output and error.
    package let output: [UInt8]
  }

  private let child: pid_t
  private let output: Pipe
  private let result: Pipe
  private var text: [UInt8] = []

  /// Starts the work.
  /// - Parameters:
  ///   - kept: descriptors that programs run by the work inherit, under the numbers they have here.
  ///   - work: runs in the other process; what it changes in memory is not seen here.
  package init(keeping kept: [Descriptor] = [], _ work: @escaping () -> Int32)
    throws(StorageError)
  {
    output = try Pipe()
    result = try Pipe()
    let numbers = kept.map(\.number)
    let context = Unmanaged.passRetained(Work(work))
    defer { context.release() }
    let (written, told) = (output.writer.number, result.writer.number)
    child = try SystemCall.run("", "cannot start a process") {
      shim_fork_work(
        { context in
          guard let context else { return -1 }
          return Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().body()
        }, context.toOpaque(), written, told, numbers, Int32(numbers.count))
    }
    output.closeWriter()
    result.closeWriter()
  }

  /// Waits for the end of the work.
  /// - Parameter deadline: when to give up, on the clock of `Clock.monotonicSeconds`.
  /// - Returns: nil where the time was over first.
  /// - Throws: `interrupted` where this process was asked to stop; the work is ended too.
  package func outcome(by deadline: Double) throws(StorageError) -> Outcome? {
    var polled = [output, result].map {
      pollfd(fd: $0.reader.number, events: Int16(POLLIN), revents: 0)
    }
    while true {
      let wait = Int32(max(0, min((deadline - Clock.monotonicSeconds()) * 1000 + 1, 1e9)))
      let ready = poll(&polled, 2, wait)
      if ready < 0 {
        do throws(StorageError) { try Interruption.check() } catch {
          end()
          throw error
        }
        continue
      }
      if ready == 0 {
        guard Clock.monotonicSeconds() >= deadline else { continue }
        end()
        return nil
      }
      if polled[0].revents != 0, !readOutput() { polled[0].fd = -1 }
      guard polled[1].revents != 0 else { continue }
      var value: Int32 = 0
      let got = read(result.reader.number, &value, MemoryLayout<Int32>.size)
      // What was written before the work ended is in the pipe by now.
      while polled[0].fd >= 0, poll(&polled, 1, 0) > 0, readOutput() {}
      reap()
      return Outcome(value: got == MemoryLayout<Int32>.size ? value : nil, output: text)
    }
  }

  /// - Returns: false where there is no more.
  private func readOutput() -> Bool {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let got = read(output.reader.number, &chunk, chunk.count)
    guard got > 0 else { return got < 0 && errno == EINTR }
    text += chunk[..<min(got, max(0, 65536 - text.count))]
    return true
  }

  /// Kills the process and what it started.
  private func end() {
    shim_kill_group(child)
    reap()
  }

  /// Takes note of its end where that comes at once: what waits for a server may not even die.
  private func reap() {
    for _ in 0..<20 {
      if waitpid(child, nil, WNOHANG) != 0 { return }
      usleep(5000)
    }
  }

  private final class Work {
    let body: () -> Int32
    init(_ body: @escaping () -> Int32) { self.body = body }
  }
}
