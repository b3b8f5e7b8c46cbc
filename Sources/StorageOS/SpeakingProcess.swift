import CStorageShim
import Glibc
import StorageModel

/// Whoever is spoken with over a stream of bytes that carries descriptors as well.
package protocol SpeakingPartner: AnyObject {
  /// The last that it wrote elsewhere, for errors.
  var lastWords: String { get }
  /// As of `SpeakingProcess`.
  func send(_ bytes: [UInt8], _ descriptors: [Descriptor], within seconds: Double)
    throws(StorageError) -> SpeakingProcess.Arrival?
  /// As of `SpeakingProcess`.
  func receive(until end: Double, heedingInterruption heeds: Bool) throws(StorageError)
    -> SpeakingProcess.Arrival
  /// As of `SpeakingProcess`.
  @discardableResult
  func end(within seconds: Double) -> String
}

/// A program that is spoken with over a stream socket, which is its descriptor 3.
///
/// It has a process group of its own, an empty standard input, and an environment of what it is given alone. What it
/// writes to its standard output and error is kept, the last of it. It is killed when the thread ends that started it.
package final class SpeakingProcess: SpeakingPartner {
  /// What comes of waiting for the program.
  package enum Arrival {
    case bytes([UInt8], [Descriptor])
    /// It said nothing for as long as was waited.
    case silence
    /// It has closed its end.
    case end
    /// This process was asked to stop.
    case interruption
  }

  private static let mostKept = 65536

  private let program: Path
  private let child: pid_t
  private var socket: Descriptor?
  private var errors: Descriptor?
  private var kept: [UInt8] = []
  private var ending: String?

  package init(_ program: Path, environment: [String]) throws(StorageError) {
    self.program = program
    var ends: [Int32] = [-1, -1]
    try SystemCall.run(program.text, "cannot make a socket") { shim_socket_pair(&ends) }
    let own = Descriptor(owning: ends[0], path: program)
    let other = Descriptor(owning: ends[1], path: program)
    let errors = try Pipe()
    let empty = try Pipe()
    empty.closeWriter()
    var words = [strdup(program.text), nil]
    var settings = environment.map { strdup($0) } + [nil]
    defer { (words + settings).forEach { free($0) } }
    let writer = errors.writer.number
    let io = [empty.reader.number, writer, writer, other.number]
    child = try SystemCall.run(program.text, "cannot start") {
      shim_spawn_driver(program.text, &words, &settings, io)
    }
    errors.closeWriter()
    self.errors = errors.reader
    socket = own
    _ = fcntl(errors.reader.number, F_SETFL, O_NONBLOCK)
  }

  deinit { end(within: 2) }

  /// The last that the program wrote to its standard output and error.
  package var lastWords: String { String(decoding: kept, as: UTF8.self) }

  /// Sends bytes, and descriptors with the first of them.
  /// - Returns: silence where the program does not take them in that time, an end where it cannot any more; nil where all
  ///   is sent.
  package func send(_ bytes: [UInt8], _ descriptors: [Descriptor] = [], within seconds: Double)
    throws(StorageError) -> Arrival?
  {
    var numbers = descriptors.map(\.number)
    var done = 0
    while done < bytes.count {
      guard let socket else { return .end }
      let sent = bytes[done...].withUnsafeBytes {
        shim_send(socket.number, $0.baseAddress, $0.count, numbers, Int32(numbers.count))
      }
      if sent > 0 {
        done += sent
        numbers = []
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        let end = Clock.monotonicSeconds() + seconds
        guard wait(for: POLLOUT, until: end) || Clock.monotonicSeconds() < end else {
          return .silence
        }
      case EPIPE, ECONNRESET: return .end
      default: throw StorageError(errno: errno, program.text, "cannot be spoken to")
      }
    }
    return nil
  }

  /// What comes next, and the descriptors with it.
  /// - Parameter heeds: whether a request to stop ends the wait.
  package func receive(until end: Double, heedingInterruption heeds: Bool) throws(StorageError)
    -> Arrival
  {
    var bytes = [UInt8](repeating: 0, count: 65536)
    var numbers = [Int32](repeating: -1, count: Int(SHIM_MOST_DESCRIPTORS))
    while true {
      guard let socket else { return .end }
      var count: Int32 = 0
      let got = shim_receive(socket.number, &bytes, bytes.count, &numbers, &count)
      if got >= 0 {
        let descriptors = numbers[..<Int(count)].map { Descriptor(owning: $0, path: program) }
        return got == 0 ? .end : .bytes(Array(bytes[..<got]), descriptors)
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        if heeds, Interruption.isPending { return .interruption }
        guard wait(for: POLLIN, until: end) else {
          return heeds && Interruption.isPending ? .interruption : .silence
        }
      case ECONNRESET: return .end
      default: throw StorageError(errno: errno, program.text, "cannot be listened to")
      }
    }
  }

  /// Waits for the socket; meanwhile the program can write to its standard error without being stopped.
  /// - Returns: false where the time is up, or this process was asked to stop.
  private func wait(for event: Int32, until end: Double) -> Bool {
    while let socket {
      let rest = end - Clock.monotonicSeconds()
      guard rest > 0 else { return false }
      var polled = [
        pollfd(fd: socket.number, events: Int16(event), revents: 0),
        pollfd(fd: errors?.number ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      let ready = poll(&polled, 2, Int32(min(rest * 1000 + 1, 1e9)))
      if ready < 0 {
        if Interruption.isPending { return false }
        continue
      }
      if polled[1].revents != 0 { listen() }
      if polled[0].revents != 0 { return true }
    }
    return true
  }

  /// Takes what the program has written to its standard error.
  private func listen() {
    var chunk = [UInt8](repeating: 0, count: 4096)
    // No more than this at a time: whoever writes without end is not listened to without end.
    for _ in 0..<64 {
      guard let errors else { return }
      let got = read(errors.number, &chunk, chunk.count)
      if got < 0 { return }
      if got == 0 {
        self.errors = nil
        return
      }
      kept += chunk[..<got]
      kept.removeFirst(max(0, kept.count - SpeakingProcess.mostKept))
    }
  }

  /// Lets the program end: closes the socket, waits a little, then kills it with all that it has started.
  /// - Returns: how it ended, as "ended with status 1".
  @discardableResult
  package func end(within seconds: Double) -> String {
    if let ending { return ending }
    socket = nil
    var status: Int32 = 0
    var ended = waitpid(child, &status, WNOHANG)
    let end = Clock.monotonicSeconds() + seconds
    while ended == 0, Clock.monotonicSeconds() < end {
      listen()
      usleep(2000)
      ended = waitpid(child, &status, WNOHANG)
    }
    var text = "ended"
    if ended == child {
      let signal = status & 0x7f
      text =
        signal == 0 ? "ended with status \((status >> 8) & 0xff)" : "was ended by signal \(signal)"
    } else if ended == 0 {
      text = "was killed"
    }
    // What it has started is in its group.
    shim_kill_group(child)
    for _ in 0..<50 where ended == 0 {
      usleep(2000)
      ended = waitpid(child, &status, WNOHANG)
    }
    listen()
    ending = text
    return text
  }
}
