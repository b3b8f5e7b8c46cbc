import StorageCore
import StorageModel

extension Command {
  static let poolHealth = Command(
    "pool-health", "Print in one line whether pools are well, for Nagios.", .locks,
    [
      .optional(
        "pool", "POOL", "Only this pool; otherwise those that are active or autostarted.",
        .pool(.any)),
      .named("warning", "PERCENT", "From how full on a pool needs attention (80).", .number),
      .named("critical", "PERCENT", "From how full on it needs help (90).", .number),
    ],
    example: "pool-health --warning 75 --critical 95", ending: .nagios
  ) { tool throws(StorageError) in
    let warning = try percent("warning", tool.arguments) ?? 80
    let critical = try percent("critical", tool.arguments) ?? 90
    guard warning <= critical else {
      throw Arguments.usage("--warning \(warning) is above --critical \(critical)")
    }
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
    let well = ["no pool is active", "1 pool well"]
    let count = pools.count < 2 ? well[pools.count] : "\(pools.count) pools well"
    let said = health.remarks.isEmpty ? count : health.remarks.joined(separator: "; ")
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
      try tool.write((line + data).escaped + "\n")
    }
    if health.state != .ok { Tool.finish("", "", number: health.state.rawValue) }
  }

  private static func percent(_ name: String, _ arguments: Arguments) throws(StorageError) -> Int? {
    guard let text = arguments.value(name) else { return nil }
    guard let number = Int(text), (0...100).contains(number) else {
      throw Arguments.usage("--\(name) '\(text)' is not a whole number from 0 to 100")
    }
    return number
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
  let warning: Int
  let critical: Int
  private(set) var state = NagiosState.ok
  private(set) var remarks: [String] = []
  /// What Nagios draws: `'label'=value;warning;critical;least;most`.
  private(set) var data: [String] = []

  init(warning: Int, critical: Int) {
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
    data.append("'\(quoted)'=\(percent)%;\(warning);\(critical);0;100")
    guard share >= Double(warning) else { return }
    add(share >= Double(critical) ? .critical : .warning, "\(subject) is \(percent) % full")
  }
}

/// `1 volume`, `2 volumes`.
private func counted(_ number: Int, _ noun: String) -> String {
  "\(number) \(noun)\(number == 1 ? "" : "s")"
}
