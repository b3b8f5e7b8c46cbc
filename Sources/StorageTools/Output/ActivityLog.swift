import StorageBackend
import StorageModel
import StorageOS

/// What commands leave behind for whoever looks after a machine: a line for each change, and on request all that a
/// command did on the way to it.
///
/// Changes go to the journal of systemd where one runs, or into the file that `CISTERN_LOG` names, with all steps then.
struct ActivityLog: Sendable {
  private enum Place: Sendable {
    case nowhere
    /// With its steps, where that was asked for.
    case journal(withSteps: Bool)
    case file(Path)
  }

  private let command: String
  private let place: Place

  /// - Parameter file: the file that the command line names; nil for what the environment says.
  /// - Throws: `usage`.
  init(of command: String, file: String?) throws(StorageError) {
    self.command = command
    switch file ?? Process.environment("CISTERN_LOG") {
    case nil: place = .journal(withSteps: false)
    case "journal": place = .journal(withSteps: true)
    case "none": place = .nowhere
    case let text?:
      guard file != nil || text.hasPrefix("/") else {
        throw Arguments.usage(
          "CISTERN_LOG '\(text)' is not 'journal', 'none' or the absolute path of a file")
      }
      place = .file(Path(text))
    }
  }

  /// Whether somebody wants to know of steps.
  var followsSteps: Bool {
    switch place {
    case .nowhere, .journal(withSteps: false): return false
    case .journal(withSteps: true), .file: return true
    }
  }

  func note(_ event: WorkTrace.Event) {
    guard followsSteps else { return }
    write(
      [(event.kind, .string(event.text))], message: "\(command): \(event.kind): \(event.text)",
      priority: 7)
  }

  /// A change that was made, or turned out to be needless.
  func note(
    change isChanged: Bool, pool: String?, volume: String?, message: String
  ) {
    write(
      [
        ("pool", .text(pool)), ("volume", .text(volume)), ("status", .integer(0)),
        ("code", .string("done")), ("changed", .boolean(isChanged)), ("message", .string(message)),
      ], message: "\(command): \(message)", priority: 6)
  }

  /// A change that failed.
  func note(_ error: StorageError, status: Int32, pool: String?, volume: String?) {
    write(
      [
        ("pool", .text(pool)), ("volume", .text(volume)), ("status", .integer(Int64(status))),
        ("code", .string(error.code.rawValue)), ("changed", .null),
        ("message", .string(error.text)),
      ], message: "\(command): \(error.text)", priority: 3)
  }

  private func write(_ members: [(String, JSON)], message: String, priority: Int) {
    let user = Process.environment("SUDO_USER")
    switch place {
    case .nowhere: break
    case .journal:
      let fields = members.filter { $0.0 != "message" }.map { name, value in
        ("CISTERN_\(name.uppercased())", value.plainText.escaped)
      }
      _ = Journal.write(
        [
          ("MESSAGE", message.escaped), ("PRIORITY", String(priority)),
          ("SYSLOG_IDENTIFIER", "cistern"),
          ("CISTERN_COMMAND", command),
        ] + fields + (user.map { [("CISTERN_SUDO_USER", $0)] } ?? []))
    case .file(let file):
      let line = JSON.object(
        [
          ("schema", .string("cistern.log/1")), ("time", .time(Clock.now())),
          ("process", .integer(Int64(Process.identifier))),
          ("user", .integer(Int64(Process.userID))), ("sudo_user", .text(user)),
          ("command", .string(command)),
        ] + members)
      append(line.text, to: file)
    }
  }

  /// Opened for each line, so that a command that has nothing to say needs no right to write there.
  private func append(_ line: String, to file: Path) {
    do throws(StorageError) {
      let open = try Descriptor(
        opening: file, flags: Descriptor.appending, mode: 0o600, problem: "cannot keep the log")
      // In one write(2), so that lines of several commands do not mix.
      try open.write(Array((line + "\n").utf8))
    } catch {
      // What is done is not given up for it; whoever waits for the log learns why there is none.
      ProgressLine.erase()
      let text = "\(command): warning: \(error.text.escaped)\n"
      try? Process.standardError.write(Array(text.utf8))
    }
  }
}

extension WorkTrace.Event {
  /// What kind of event it is, in one word.
  var kind: String {
    switch self {
    case .step: return "step"
    case .program: return "program"
    case .request: return "request"
    }
  }

  var text: String {
    switch self {
    case .step(let text): return text
    case .program(let words): return NextCommand.line(words)
    case .request(let driver, let verb): return "driver '\(driver)': \(verb)"
    }
  }
}
