import Definitions
import Operations
import StorageModel
import StorageOS

extension Command {
  static let poolEvent = Command(
    "pool-event", "Wait for events of pools and print them.", .reads,
    [
      .optional("pool", "POOL", "Only events of this pool: its name or UUID."),
      .optional(
        "event", "EVENT", "Event to wait for: lifecycle or refresh.",
        .words(PoolEvent.Kind.allCases.map { .init($0.rawValue, $0.meaning) })),
      .flag("loop", "Keep waiting after the first event."),
      .optional("timeout", "SECONDS", "Wait at most this long."),
      .flag("list", "List the events there are."),
      .flag("timestamp", "Print the time of each event."),
    ],
    example: "pool-event --event lifecycle --loop"
  ) { tool throws(StorageError) in
    if tool.arguments.has("list") { return try tool.listPoolEvents() }
    let wanted = try tool.wantedPoolEvents()
    try tool.waitForPoolEvents(wanted)
  }
}

/// Which events are asked for, and for how long.
private struct WantedPoolEvents {
  let kind: PoolEvent.Kind
  let pool: PoolName?
  /// On the clock of `Clock.monotonicSeconds`.
  let deadline: Double?
}

extension PoolEvent.Kind {
  fileprivate var meaning: String {
    switch self {
    case .lifecycle: return "defined, undefined, started, stopped, created, deleted"
    case .refresh: return "refreshed"
    }
  }
}

extension Tool {
  fileprivate func listPoolEvents() throws(StorageError) {
    let words = PoolEvent.Kind.allCases.map(\.rawValue)
    try report(
      words.map { $0 + "\n" }.joined(),
      json: ("pool-events", [("events", .array(words.map(JSON.string)))]))
  }

  fileprivate func wantedPoolEvents() throws(StorageError) -> WantedPoolEvents {
    guard let word = arguments.value("event") else {
      throw Arguments.usage("either --list or --event <type> is required")
    }
    guard let kind = PoolEvent.Kind(rawValue: word) else {
      throw Arguments.usage("unknown event type \(word)")
    }
    var timeout: Double?
    if let text = arguments.value("timeout") {
      guard let seconds = Double(text), seconds > 0, seconds <= 1e9 else {
        throw Arguments.usage(
          "Numeric value '\(text)' for <timeout> option is malformed or out of range")
      }
      timeout = seconds
    }
    let pool = try arguments.value("pool").map { text throws(StorageError) in
      try storage.store.pool(matching: text).name
    }
    return WantedPoolEvents(
      kind: kind, pool: pool, deadline: timeout.map { Clock.monotonicSeconds() + $0 })
  }

  fileprivate func waitForPoolEvents(_ wanted: WantedPoolEvents) throws(StorageError) {
    // A signal is the ordinary way to end a loop.
    Interruption.beginNoting()
    let watch = try PoolEventWatch(host: storage.host)
    var count = 0
    var end: String?
    while end == nil {
      let events: [PoolEvent]
      do throws(StorageError) { events = try watch.next(until: wanted.deadline) } catch {
        guard error.code == .interrupted else { throw error }
        end = "event loop interrupted"
        break
      }
      if events.isEmpty { end = "event loop timed out" }
      for event in events where event.what.kind == wanted.kind {
        guard wanted.pool.map({ $0 == event.pool }) ?? true else { continue }
        try tell(event)
        count += 1
        guard arguments.has("loop") else { return try endPoolEvents(nil, count) }
      }
    }
    try endPoolEvents(end, count)
  }

  private func tell(_ event: PoolEvent) throws(StorageError) {
    let now = Clock.now()
    let kind = event.what.kind
    let word = kind == .refresh ? nil : event.what.rawValue
    guard !wantsJSON else {
      let line = JSON.object([
        ("schema", .string("cistern.pool-event/1")), ("event", .string(kind.rawValue)),
        ("pool", .string(event.pool.text)), ("detail", .text(word)), ("time", .time(now)),
        ("epoch", .integer(now.seconds)),
      ])
      return try write(line.text + "\n")
    }
    let moment = arguments.has("timestamp") ? "\(now.virshText): " : ""
    let detail = word.map { ": \($0)" } ?? ""
    try write(
      "\(moment)event '\(kind.rawValue)' for storage pool \(event.pool.text.escaped)\(detail)\n")
  }

  /// Says how the wait ended; without a single event it failed, as with virsh.
  private func endPoolEvents(_ end: String?, _ count: Int) throws(StorageError) {
    if !wantsJSON {
      try write((end.map { "\($0)\n" } ?? "") + "events received: \(count)\n\n")
      if count == 0 { Tool.finish("", "", .failure) }
    } else if count == 0 {
      throw StorageError(.failure, "", end ?? "")
    }
  }
}

extension Timestamp {
  /// The moment in UTC as virsh writes it: `YYYY-MM-DD HH:MM:SS.mmm+0000`.
  fileprivate var virshText: String {
    let thousandths = String(nanoseconds / 1_000_000)
    let fraction = String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
    return iso8601.replacing("T", by: " ").replacing("Z", by: ".\(fraction)+0000")
  }
}
