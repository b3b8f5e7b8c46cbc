import StorageHost
import StorageModel
import StorageOS

/// A conversation with one driver process about one pool.
///
/// Whatever the driver does wrong ends it: the process is killed, and this and every later request fail with the same
/// error. Nothing waits for longer than the silence that is allowed.
package final class DriverSession: @unchecked Sendable {  // A backend is asked on one thread.
  /// The version of the protocol that is spoken here.
  static let version: Int64 = 1
  static let longestLine = 1 << 20
  private static let mostItems = 1_000_000

  /// What a driver finds in its environment, besides faults.
  static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

  let driver: DriverName
  private let subject: String
  private let silence: Double
  private let process: any SpeakingPartner
  private var lastIdentifier: Int64 = 0
  private var received: [UInt8] = []
  private var descriptors: [Descriptor] = []
  private var failure: StorageError?

  /// Starts the driver and agrees with it on the protocol.
  /// - Parameters:
  ///   - silence: the seconds that it may say nothing.
  ///   - fault: at which of its changes the driver is to kill itself, for tests.
  convenience init(
    _ driver: DriverName, _ program: Path, subject: String, silence: Double,
    fault: String? = Process.environment("CISTERN_DRIVER_FAULT")
  ) throws(StorageError) {
    let cut = fault.map { ["CISTERN_DRIVER_FAULT=\($0)"] } ?? []
    let process = try SpeakingProcess(program, environment: DriverSession.environment + cut)
    try self.init(driver, speaking: process, subject: subject, silence: silence)
  }

  /// Agrees on the protocol with a driver that is started already.
  package init(
    _ driver: DriverName, speaking process: any SpeakingPartner, subject: String, silence: Double
  ) throws(StorageError) {
    self.driver = driver
    self.silence = max(silence, 0.1)
    self.subject = subject
    self.process = process
    let chosen = try ask("hello", [("versions", .array([.integer(DriverSession.version)]))]) {
      answer throws(DriverFault) in
      try answer.needed("version", answer.number("version", 0...1_000_000))
    }
    guard chosen == DriverSession.version else {
      throw broken("chose version \(chosen) of the protocol: expected \(DriverSession.version)")
    }
  }

  // MARK: Asking

  /// Asks for one thing and reads the answer.
  /// - Parameters:
  ///   - sending: descriptors that go with the request.
  ///   - progress: whom to tell how far the driver says that it is.
  ///   - item: takes what comes in parts before the answer; nil where nothing does.
  /// - Throws: the driver's error; `failure` where the driver does not keep to the protocol; `inputOutput` where it is
  ///   silent.
  func ask<Value>(
    _ verb: String, _ members: [(String, JSON)] = [], sending: [Descriptor] = [],
    progress: Progress? = nil, item: ((Members) throws(DriverFault) -> Void)? = nil,
    read: (Members) throws(DriverFault) -> Value
  ) throws(StorageError) -> Value {
    let (answer, came) = try answer(verb, members, sending, progress, item)
    guard came.isEmpty else { throw broken("sent descriptors with the answer to '\(verb)'") }
    return try heeding { () throws(DriverFault) in try read(answer) }
  }

  /// Has one thing done.
  func tell(
    _ verb: String, _ members: [(String, JSON)] = [], sending: [Descriptor] = [],
    progress: Progress? = nil
  ) throws(StorageError) {
    try ask(verb, members, sending: sending, progress: progress) { _ in }
  }

  /// Asks for an open file or device.
  /// - Parameter path: what users call it.
  func open(_ verb: String, _ members: [(String, JSON)], named path: Path, writing: Bool)
    throws(StorageError) -> Descriptor
  {
    let (_, came) = try answer(verb, members, [], nil, nil)
    guard let got = came.first, came.count == 1 else {
      throw broken("sent \(came.count) descriptors with the answer to '\(verb)': expected 1")
    }
    let file = try got.renamed(path)
    guard try file.contentSize() != nil, writing ? file.isWritable : file.isReadable else {
      throw broken("answered '\(verb)' with a descriptor that is no file or device to use so")
    }
    return file
  }

  private func answer(
    _ verb: String, _ members: [(String, JSON)], _ sending: [Descriptor], _ progress: Progress?,
    _ item: ((Members) throws(DriverFault) -> Void)?
  ) throws(StorageError) -> (Members, [Descriptor]) {
    if let failure { throw failure }
    WorkTrace.tell(.request(driver: driver.text, verb: verb))
    lastIdentifier += 1
    let identifier = lastIdentifier
    let count = sending.isEmpty ? [] : [("fds", JSON.integer(Int64(sending.count)))]
    try send([("id", .integer(identifier)), ("verb", .string(verb))] + count + members, sending)
    var wait = Wait(verb: verb, until: Clock.monotonicSeconds() + silence)
    var items = 0
    var reached: ByteCount?
    while true {
      let line = try nextLine(&wait)
      switch try heeding({ () throws(DriverFault) in try DriverReply(line) }) {
      case .answer(wait.cancellation ?? -1, _), .error(wait.cancellation ?? -1, _):
        wait.isCancellationAnswered = true
      case .progress(identifier, let done, let total):
        // What does not come further is as good as silent.
        guard reached.map({ done > $0 }) ?? true else { continue }
        if reached == nil { progress?.begin(verb, total: total) }
        progress?.reached(done.bytes, moved: done.bytes)
        reached = done
      case .item(identifier, let part):
        items += 1
        guard let item, items <= DriverSession.mostItems else {
          throw broken("sent too many items with the answer to '\(verb)'")
        }
        try heeding { () throws(DriverFault) in try item(part) }
      case .answer(identifier, let answer):
        wait.end = Clock.monotonicSeconds() + silence
        let came = descriptors
        descriptors = []
        try finish(&wait)
        return (answer, came)
      case .error(identifier, let error):
        wait.end = Clock.monotonicSeconds() + silence
        descriptors = []
        try finish(&wait)
        if error.isCancelled { try Interruption.check() }
        throw error.about(subject)
      case .progress(let other, _, _), .item(let other, _), .answer(let other, _),
        .error(let other, _):
        throw broken("answered request \(other), and was asked \(identifier)")
      }
      wait.end = Clock.monotonicSeconds() + silence
    }
  }

  /// Takes what still comes behind an answer: that of the request that cancelled it, and nothing else.
  private func finish(_ wait: inout Wait) throws(StorageError) {
    if let cancellation = wait.cancellation, !wait.isCancellationAnswered {
      let line = try nextLine(&wait)
      switch try heeding({ () throws(DriverFault) in try DriverReply(line) }) {
      case .answer(cancellation, _), .error(cancellation, _): break
      default: throw broken("did not answer 'cancel'")
      }
    }
    guard received.isEmpty else { throw broken("said more than the answer to '\(wait.verb)'") }
  }

  // MARK: Lines

  /// The wait for what comes next of an answer.
  private struct Wait {
    let verb: String
    var end: Double
    /// The request by which this one was cancelled.
    var cancellation: Int64?
    var isCancellationAnswered = false

    init(verb: String, until end: Double) {
      self.verb = verb
      self.end = end
    }
  }

  /// Whether the driver has failed, so that it cannot be asked any more.
  var hasFailed: Bool { failure != nil }

  private func send(_ members: [(String, JSON)], _ descriptors: [Descriptor])
    throws(StorageError)
  {
    var line: [UInt8] = []
    JSON.object(members).write(to: &line)
    guard line.count < DriverSession.longestLine else {
      throw StorageError(.badInput, subject, "a request to driver '\(driver)' exceeds 1 MiB")
    }
    line.append(UInt8(ascii: "\n"))
    SystemCall.willChange("driver request")
    switch try process.send(line, descriptors, within: silence) {
    case nil: return
    case .silence: throw silent("did not take a request")
    default: throw broken(nil)
    }
  }

  private func nextLine(_ wait: inout Wait) throws(StorageError) -> [UInt8] {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(received[..<end])
        received.removeSubrange(...end)
        return line
      }
      guard received.count < DriverSession.longestLine else {
        throw broken("sent a line of more than 1 MiB")
      }
      switch try process.receive(
        until: wait.end, heedingInterruption: wait.cancellation == nil)
      {
      case .bytes(let bytes, let came):
        received += bytes
        descriptors += came
        guard descriptors.count <= 8 else { throw broken("sent more than 8 descriptors") }
      case .silence: throw silent("did not answer '\(wait.verb)'")
      case .end: throw broken(nil)
      case .interruption:
        lastIdentifier += 1
        wait.cancellation = lastIdentifier
        try send(
          [
            ("id", .integer(lastIdentifier)), ("verb", .string("cancel")),
            ("of", .integer(lastIdentifier - 1)),
          ], [])
      }
    }
  }

  // MARK: Failing

  /// Ends the conversation where the driver says what it must not.
  private func heeding<Value>(_ body: () throws(DriverFault) -> Value) throws(StorageError) -> Value
  {
    do throws(DriverFault) { return try body() } catch { throw broken(error.text) }
  }

  /// Ends the conversation; nil for a driver that has ended by itself.
  private func broken(_ what: String?) -> StorageError {
    let ending = process.end(within: what == nil ? 2 : 0)
    return fail(
      StorageError(
        .failure, subject,
        what.map { "driver '\(driver)' broke the protocol: \($0)" }
          ?? "driver '\(driver)' \(ending)"))
  }

  private func silent(_ what: String) -> StorageError {
    _ = process.end(within: 0)
    return fail(
      StorageError(
        .inputOutput, subject,
        "driver '\(driver)' \(what) within \(silence.secondsText) seconds, and was killed"))
  }

  private func fail(_ error: StorageError) -> StorageError {
    var error = error
    error.reason = process.lastWords.lines.last.map { String($0.trimmed.utf8.prefix(400)) ?? "" }
    if error.reason?.isEmpty == true { error.reason = nil }
    failure = error
    return error
  }
}
