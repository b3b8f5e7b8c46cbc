import Glibc
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite(
  "Transfers whose calls are interrupted and do less than asked", .enabled(if: TestProcess.canRun))
struct InterruptedTransferTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  enum Source: String, CaseIterable, Sendable { case file, pipe }

  /// Gives a file away in odd pieces, with pauses.
  private static let writer = """
    import sys, time
    content = open(sys.argv[1], "rb").read()
    with open(sys.argv[2], "wb", buffering=0) as pipe:
        for start in range(0, len(content), 70001):
            pipe.write(content[start : start + 70001])
            time.sleep(0.002)
    """

  /// Takes little at a time, so that whoever writes has to wait; then tells what came.
  private static let reader = """
    import hashlib, sys, time
    digest = hashlib.sha256()
    count = 0
    with open(sys.argv[1], "rb", buffering=0) as pipe:
        while piece := pipe.read(30011):
            digest.update(piece)
            count += len(piece)
            time.sleep(0.001)
    print(count, digest.hexdigest(), flush=True)
    """

  @Test("every byte arrives, in order and once", arguments: Source.allCases)
  func streams(source: Source) throws {
    try temporary.shell("head -c 3000000 /dev/urandom > data; mkfifo in out")
    let wanted = try temporary.shell("sha256sum < data").prefix(64)
    let output = temporary.path.appending("out")
    let child = try TestProcess(python: Self.reader, output.text)
    let feeder =
      source == .pipe
      ? try TestProcess(
        python: Self.writer, temporary.path.appending("data").text,
        temporary.path.appending("in").text) : nil
    let signals = try Signals.during {
      let from = try Descriptor(
        opening: temporary.path.appending(source == .pipe ? "in" : "data"), flags: O_RDONLY)
      let result = try Transfer(
        from: from, to: Descriptor(opening: output, flags: O_WRONLY)
      ).run()
      #expect(result.size == 3_000_000)
    }
    #expect(signals > 20, "calls were hardly interrupted")
    #expect(try child.line() == "3000000 \(wanted)")
    withExtendedLifetime(feeder) {}
  }

  @Test("a file is written whole from a pipe")
  func file() throws {
    try temporary.shell("head -c 3000000 /dev/urandom > data; mkfifo in")
    let feeder = try TestProcess(
      python: Self.writer, temporary.path.appending("data").text,
      temporary.path.appending("in").text)
    let signals = try Signals.during {
      let from = try Descriptor(opening: temporary.path.appending("in"), flags: O_RDONLY)
      try Transfer(from: from, to: temporary.open("target")).run()
    }
    #expect(signals > 20, "calls were hardly interrupted")
    try temporary.shell("cmp data target")
    withExtendedLifetime(feeder) {}
  }
}

/// A signal that interrupts the system calls of a thread again and again.
private final class Signals: @unchecked Sendable {
  private let thread = pthread_self()
  private var isOver = false
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var sent = 0

  private init() { pthread_mutex_init(lock, nil) }
  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  /// Runs `body` while SIGUSR2, which does nothing, comes every half millisecond.
  /// - Returns: how often it came.
  static func during(_ body: () throws -> Void) throws -> Int {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    // No SA_RESTART: calls fail with EINTR, or return what they have done so far; signal(7).
    action.sa_flags = 0
    sigaction(SIGUSR2, &action, nil)
    let signals = Signals()
    let raw = Unmanaged.passRetained(signals).toOpaque()
    var sender = pthread_t()
    let code = pthread_create(
      &sender, nil,
      { raw in
        guard let raw else { return nil }
        let signals = Unmanaged<Signals>.fromOpaque(raw).takeUnretainedValue()
        while signals.next() { usleep(500) }
        return nil
      }, raw)
    defer { Unmanaged<Signals>.fromOpaque(raw).release() }
    guard code == 0 else { throw StorageError(errno: code, "", "cannot make a thread") }
    defer {
      signals.end()
      pthread_join(sender, nil)
    }
    try body()
    return signals.sent
  }

  private func next() -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    guard !isOver else { return false }
    pthread_kill(thread, SIGUSR2)
    sent += 1
    return true
  }

  private func end() {
    pthread_mutex_lock(lock)
    isOver = true
    pthread_mutex_unlock(lock)
  }
}
