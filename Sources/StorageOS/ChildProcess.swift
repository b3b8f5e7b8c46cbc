import CStorageShim
import Glibc
import StorageModel

/// Runs other programs: by absolute path, with an argument vector, never through a shell.
package enum ChildProcess {
  /// What a program that ended left behind.
  package struct Result: Sendable {
    /// Its exit status, or 128 and the number of the signal that ended it.
    package let status: Int32
    /// The first mebibyte of each.
    package let output: [UInt8]
    package let errors: [UInt8]
  }

  /// Runs a program to its end.
  ///
  /// Its standard input is `input`, or empty; its environment is `LC_ALL=C`, the search path of a system
  /// administrator and nothing else. It is killed when this process is.
  /// - Parameters:
  ///   - kept: descriptors the program inherits, under the numbers they have here.
  ///   - isConfined: whether it may open nothing but its libraries and the files behind the descriptors that it is
  ///     given, and reach no server (landlock(7)); kernels before 5.13 do not see to that.
  ///   - leadsGroup: whether it leads a process group of its own, which is what is killed.
  ///   - additional: what its environment has besides.
  ///   - timeout: seconds after which it is killed; nil waits for as long as it takes.
  ///   - onOutput: called with each piece of its output as it comes.
  /// - Throws: `failure` where it cannot be started, or had to be killed; `interrupted` where this process was asked
  ///   to stop, and the program with it.
  package static func run(
    _ program: Path, _ arguments: [String], keeping kept: [Descriptor] = [],
    input: Descriptor? = nil, isConfined: Bool = false, leadsGroup: Bool = false,
    environment additional: [String] = [], timeout: Double? = nil,
    onOutput: (([UInt8]) -> Void)? = nil
  ) throws(StorageError) -> Result {
    let output = try Pipe()
    let errors = try Pipe()
    // Nobody writes into it, so that it is empty. /dev/null need not be there.
    let empty = try Pipe()
    empty.closeWriter()
    let source = input ?? empty.reader
    if !kept.isEmpty, try FileStatus.ifPresent(Path("/proc/self/fd")) == nil {
      throw StorageError(
        .busy, program.text, "cannot be given open files: '/proc' is not mounted",
        hint: "Mount it: mount -t proc proc /proc")
    }
    let child = try spawn(
      program, arguments, io: [source.number, output.writer.number, errors.writer.number],
      kept: kept, isConfined: isConfined, leadsGroup: leadsGroup,
      environment: ChildProcess.environment + additional)
    output.closeWriter()
    errors.closeWriter()
    let texts = collect(
      output, errors, killing: leadsGroup ? -child : child, timeout: timeout, onOutput: onOutput)
    var status: Int32 = 0
    try SystemCall.run(program.text, "cannot wait for it") { waitpid(child, &status, 0) }
    guard let texts else {
      try Interruption.check()
      throw StorageError(
        .failure, program.text, "did not end within \(timeout.map { Int($0) } ?? 0) seconds")
    }
    let signal = status & 0x7f
    let result = Result(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: texts.0, errors: texts.1)
    if result.status == 127, result.errors.isEmpty {
      throw StorageError(.unsupported, program.text, "cannot be started")
    }
    return result
  }

  /// Runs a program that the user works with: on this process's own input and output, in its environment.
  ///
  /// Signals from the keyboard are the program's meanwhile. Where this process is asked to stop, so is the program.
  /// - Returns: its exit status, or 128 and the number of the signal that ended it.
  /// - Throws: `interrupted` where this process was asked to stop, after the program has ended.
  package static func runInForeground(_ program: Path, _ arguments: [String]) throws(StorageError)
    -> Int32
  {
    shim_leave_keyboard_signals(1)
    defer { shim_leave_keyboard_signals(0) }
    let child = try spawn(
      program, arguments, io: [0, 1, 2], kept: [], environment: Process.wholeEnvironment)
    var status: Int32 = 0
    var isTold = false
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else {
        throw StorageError(errno: errno, program.text, "cannot wait for it")
      }
      if Interruption.isRequested, !isTold {
        kill(child, SIGTERM)
        isTold = true
      }
    }
    try Interruption.check()
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  private static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

  private static func spawn(
    _ program: Path, _ arguments: [String], io: [Int32], kept: [Descriptor],
    isConfined: Bool = false, leadsGroup: Bool = false, environment: [String]
  ) throws(StorageError) -> pid_t {
    var words = ([program.text] + arguments).map { strdup($0) }
    var settings = environment.map { strdup($0) }
    defer { (words + settings).forEach { free($0) } }
    words.append(nil)
    settings.append(nil)
    WorkTrace.tell(.program([program.text] + arguments))
    let numbers = kept.map(\.number)
    let rules = isConfined ? try confinement(of: program, to: numbers) : nil
    SystemCall.willChange("execve")
    return try SystemCall.run(program.text, "cannot start") {
      shim_spawn(
        program.text, words, settings, io, numbers, Int32(numbers.count), rules?.number ?? -1,
        leadsGroup ? 1 : 0)
    }
  }

  /// The rules that keep a program to what it is given; nil where the kernel knows none.
  private static func confinement(of program: Path, to numbers: [Int32]) throws(StorageError)
    -> Descriptor?
  {
    let rules = shim_confinement(program.text, numbers, Int32(numbers.count))
    if rules >= 0 { return Descriptor(owning: rules, path: program) }
    let code = errno
    guard code != ENOSYS, code != EOPNOTSUPP else { return nil }
    throw StorageError(errno: code, program.text, "cannot be confined to the files it is given")
  }

  /// Reads both pipes until they are closed; nil where the time was up first, or this process was asked to stop,
  /// and the child was ended.
  private static func collect(
    _ output: Pipe, _ errors: Pipe, killing child: pid_t, timeout: Double?,
    onOutput: (([UInt8]) -> Void)?
  ) -> ([UInt8], [UInt8])? {
    let limit = 1 << 20
    var texts: [[UInt8]] = [[], []]
    var polled = [output, errors].map {
      pollfd(fd: $0.reader.number, events: Int16(POLLIN), revents: 0)
    }
    let end = timeout.map { Clock.monotonicSeconds() + $0 }
    var chunk = [UInt8](repeating: 0, count: 65536)
    while polled.contains(where: { $0.fd >= 0 }) {
      let wait = end.map { Int32(max(0, min(($0 - Clock.monotonicSeconds()) * 1000, 1e9))) } ?? -1
      let ready = poll(&polled, 2, wait)
      if ready < 0, Interruption.isRequested {
        kill(child, SIGTERM)
        return nil
      }
      if ready == 0, let end, Clock.monotonicSeconds() >= end {
        kill(child, SIGKILL)
        return nil
      }
      guard ready > 0 else { continue }
      for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
        let got = read(polled[index].fd, &chunk, chunk.count)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else {
          polled[index].fd = -1
          continue
        }
        let room = max(0, limit - texts[index].count)
        texts[index] += chunk[..<min(got, room)]
        if index == 0 { onOutput?(Array(chunk[..<got])) }
      }
    }
    return (texts[0], texts[1])
  }
}

/// A pipe whose writing end goes to a child.
final class Pipe {
  let reader: Descriptor
  private(set) var writer: Descriptor

  init() throws(StorageError) {
    var ends: [Int32] = [-1, -1]
    try SystemCall.run("", "cannot make a pipe") { shim_pipe(&ends) }
    reader = Descriptor(owning: ends[0], path: Path("pipe"))
    writer = Descriptor(owning: ends[1], path: Path("pipe"))
  }

  /// Ends our own hold of the writing end, so that the child's is the last.
  func closeWriter() { writer = reader }
}
