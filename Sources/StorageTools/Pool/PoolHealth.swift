import Definitions
import Operations
import StorageBackend
import StorageModel

extension Command {
  static let poolHealth = Command(
    "pool-health", "Report the health of pools in one line, for Nagios.", .locks,
    [
      .optional(
        "pool", "POOL", "Check this pool (all that are active or autostarted).",
        .pool(.any)),
      .named("warning", "RANGE", "Warn when a pool is fuller than this, in percent (80).", .text)
        .letter("w"),
      .named(
        "critical", "RANGE", "Critical when a pool is fuller than this, in percent (90).", .text
      )
      .letter("c"),
      .named(
        "none", "STATE", "State if no pool is active: ok, warning, critical (warning).",
        .words([.init("ok"), .init("warning"), .init("critical")])),
      .timeout.letter("t"),
      Parameter(
        name: "verbose", kind: .flag, help: "Print a line for each pool.", short: "v"),
    ],
    example: "pool-health --warning 75 --critical 95", ending: .nagios
  ) { tool throws(StorageError) in
    let warning = try range("warning", tool.arguments, "80")
    let critical = try range("critical", tool.arguments, "90")
    guard !warning.isAbove(critical) else {
      throw Arguments.usage("--warning \(warning.text) is above --critical \(critical.text)")
    }
    let none = try stateOfNone(tool.arguments)
    let (all, unreadable) = try tool.metrics()
    let isNamed = tool.arguments.value("pool") != nil
    let pools = all.filter {
      isNamed || $0.status.record.isActive || $0.status.record.isAutostarted
    }
    var health = Health(warning: warning, critical: critical)
    if unreadable > 0 {
      health.add(.warning, counted(unreadable, "unreadable definition"))
    }
    for pool in pools { health.look(at: pool, mustBeActive: isNamed) }
    if pools.isEmpty { health.add(none, "no pool is active") }
    let said =
      health.remarks.isEmpty
      ? "\(counted(pools.count, "pool")) well" : health.remarks.joined(separator: "; ")
    let data = health.data.isEmpty ? "" : " | " + health.data.joined(separator: " ")
    let line = "CISTERN \(health.state.word) - \(said)"
    if tool.wantsJSON {
      try tool.report(
        "",
        json: (
          "pool-health",
          [
            ("state", .string(health.state.word)),
            ("status", .integer(Int64(health.state.rawValue))),
            ("message", .string(line)), ("remarks", .array(health.remarks.map(JSON.string))),
            ("pools", .array(pools.map { .string($0.name.text) })),
          ]
        ))
    } else {
      let each = tool.arguments.has("verbose") ? pools.map(Health.told) : []
      try tool.write(([line + data] + each).map { $0.escaped + "\n" }.joined())
    }
    if health.state != .ok { Tool.finish("", "", number: health.state.rawValue) }
  }

  private static func range(_ name: String, _ arguments: Arguments, _ standard: String)
    throws(StorageError) -> AlertRange
  {
    let text = arguments.value(name) ?? standard
    guard let range = AlertRange(text) else {
      throw Arguments.usage(
        "--\(name) '\(text)' is no range: expected a number such as 80, or 10:80, 10:, ~:80 or @10:80"
      )
    }
    return range
  }

  private static func stateOfNone(_ arguments: Arguments) throws(StorageError) -> NagiosState {
    let word = arguments.value("none") ?? "warning"
    guard let state = NagiosState.allCases.first(where: { $0.word.lowercased() == word }),
      state != .unknown
    else { throw Arguments.usage("--none is none of: ok, warning, critical") }
    return state
  }
}

/// What a plugin of Nagios tells by its exit status.
enum NagiosState: Int32, CaseIterable, Sendable {
  case ok = 0
  case warning = 1
  case critical = 2
  case unknown = 3

  var word: String {
    switch self {
    case .ok: return "OK"
    case .warning: return "WARNING"
    case .critical: return "CRITICAL"
    case .unknown: return "UNKNOWN"
    }
  }

  /// What it tells, as the manual page prints it.
  var meaning: String {
    switch self {
    case .ok: return "OK: every pool that was looked at is well."
    case .warning:
      return
        "WARNING: a pool is nearly full or degraded, has sessions that were never stopped, left-overs or broken volumes, or a definition cannot be read."
    case .critical:
      return "CRITICAL: a pool is full, cannot be reached, or is not started and should be."
    case .unknown: return "UNKNOWN: the command line is wrong, or nothing could be found out."
    }
  }
}

/// What is wrong with pools, gathered into one state and one line.
private struct Health {
  let warning: AlertRange
  let critical: AlertRange
  private(set) var state = NagiosState.ok
  private(set) var remarks: [String] = []
  /// What Nagios draws: `'label'=value;warning;critical;least;most`.
  private(set) var data: [String] = []

  init(warning: AlertRange, critical: AlertRange) {
    self.warning = warning
    self.critical = critical
  }

  mutating func add(_ state: NagiosState, _ remark: String) {
    if state.rawValue > self.state.rawValue { self.state = state }
    remarks.append(remark)
  }

  mutating func look(at pool: PoolMetrics, mustBeActive: Bool) {
    let name = "pool '\(pool.name)'"
    guard pool.status.state != .inactive else {
      return add(.critical, "\(name) is not active")
    }
    guard let sizes = pool.status.sizes else {
      return add(.critical, "\(name) cannot be reached: \(pool.status.problem ?? "no answer")")
    }
    if pool.status.state == .degraded {
      add(.warning, "\(name) is degraded: \(pool.status.problem ?? "something is missing")")
    }
    measure(pool.name.text, name, used: sizes.capacity - sizes.available, of: sizes.capacity)
    if let thin = pool.thin {
      measure("\(pool.name) data", "thin data of \(name)", used: thin.usedData, of: thin.data)
      measure(
        "\(pool.name) metadata", "thin metadata of \(name)", used: thin.usedMetadata,
        of: thin.metadata)
    }
    let dirty = pool.volumes?.states[.dirty] ?? 0
    if dirty > 0 {
      add(.warning, "\(name) has \(counted(dirty, "volume")) not stopped since a crash")
    }
    let broken = pool.volumes?.broken ?? 0
    if broken > 0 { add(.warning, "\(name) has \(counted(broken, "volume")) that cannot be read") }
    let left = (pool.leftovers ?? [:]).filter(\.key.isRepairable).values.reduce(0, +)
    if left > 0 { add(.warning, "\(name) has \(counted(left, "left-over")): pool-check tells") }
    if pool.volumes == nil { add(.warning, "\(name) cannot list its volumes") }
  }

  private mutating func measure(
    _ label: String, _ subject: String, used: ByteCount, of size: ByteCount
  ) {
    let share = size == 0 ? 0 : Double(used.bytes) / Double(size.bytes) * 100
    let percent = Int(share.rounded(.down))
    // A quote in a label is written twice, and `=` cannot be in one (Nagios plugin guidelines).
    let quoted = label.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "''").split(separator: "=", omittingEmptySubsequences: false)
      .joined(separator: "_")
    data.append("'\(quoted)'=\(percent)%;\(warning.text);\(critical.text);0;100")
    guard warning.alerts(at: share) || critical.alerts(at: share) else { return }
    add(critical.alerts(at: share) ? .critical : .warning, "\(subject) is \(percent) % full")
  }

  /// A pool in one line.
  static func told(_ pool: PoolMetrics) -> String {
    let sizes = pool.status.sizes
    let used = sizes.map {
      "\(($0.capacity - $0.available).displayText) of \($0.capacity.displayText)"
    }
    return "pool '\(pool.name)': \(pool.status.state.rawValue)"
      + (used.map { ", \($0) used" } ?? "")
  }
}

/// `1 volume`, `2 volumes`.
private func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}
