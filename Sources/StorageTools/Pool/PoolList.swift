import Definitions
import Operations
import StorageModel

extension Command {
  static let poolList = Command(
    "pool-list", "List pools; without options the active ones.", .reads,
    [
      .flag("inactive", "List inactive pools."), .flag("all", "List inactive and active pools."),
      .flag("transient", "List only pools without a definition."),
      .flag("persistent", "List only pools with a definition."),
      .flag("autostart", "List only pools marked to be started at boot."),
      .flag("no-autostart", "List only pools not marked to be started at boot."),
      .optional(
        "type", "TYPES", "List only pools of these types, separated by commas.",
        .poolTypeList),
      .flag("details", "Show more columns."), .flag("uuid", "Print UUIDs only."),
      .flag("name", "Print names only."),
    ] + Parameter.listing(PoolStatus.columns) + [.timeout],
    example: "pool-list --all --details"
  ) { tool throws(StorageError) in
    if try tool.showColumns(PoolStatus.columns) { return }
    let arguments = tool.arguments
    let (wantsUUID, wantsName) = (arguments.has("uuid"), arguments.has("name"))
    if arguments.has("details"), wantsUUID || wantsName {
      throw Arguments.usage(
        "Options --details and --\(wantsUUID ? "uuid" : "name") are mutually exclusive")
    }
    if arguments.has("all"), arguments.has("inactive") {
      throw Arguments.usage("Options --all and --inactive are mutually exclusive")
    }
    try tool.checkForm()
    let (all, warnings) = try tool.storage.store.all()
    warnings.forEach(tool.warn)
    let types = try poolTypes(arguments.value("type"))
    let pools = all.filter { pool in
      guard arguments.has("all") || pool.isActive != arguments.has("inactive") else { return false }
      if arguments.has("transient") != arguments.has("persistent"),
        pool.isPersistent != arguments.has("persistent")
      {
        return false
      }
      if arguments.has("autostart") != arguments.has("no-autostart"),
        pool.isAutostarted != arguments.has("autostart")
      {
        return false
      }
      return types.isEmpty || types.contains(pool.definition.type)
    }
    if arguments.has("null") {
      return try tool.writeNullEnded(
        pools.map { wantsUUID ? "\($0.definition.uuid)" : $0.name.text })
    }
    if !tool.wantsJSON, wantsUUID || wantsName {
      let lines = pools.map { pool -> String in
        let name = pool.name.text.escaped
        let padded = name + String(repeating: " ", count: max(0, 20 - name.utf8.count))
        if wantsUUID, wantsName { return "\(pool.definition.uuid) \(padded)\n" }
        return (wantsUUID ? "\(pool.definition.uuid)" : padded) + "\n"
      }
      return try tool.show(lines.joined())
    }
    let details = arguments.has("details")
    guard
      details || tool.wantsJSON || ["output", "filter", "sort"].contains(where: arguments.isGiven)
    else {
      // As virsh has it; nobody is asked how the pools are.
      var list = try Listing(
        tool, PoolRecord.columns, usual: ["name", "state", "autostart"],
        json: ("pool-list", [], "pools"))
      try list.append(pools, PoolRecord.columns)
      return try list.end()
    }
    var list = try Listing(
      tool, PoolStatus.columns,
      usual: ["name", "state", "autostart"]
        + (details ? ["persistent", "capacity", "allocation", "available"] : []),
      json: ("pool-list", [], "pools"))
    let statuses = tool.storage.statuses(of: pools)
    for status in statuses {
      if let problem = status.problem { tool.warn("pool '\(status.record.name)': \(problem)") }
    }
    try list.append(statuses, PoolStatus.columns)
    try list.end()
  }

  private static func poolTypes(_ text: String?) throws(StorageError) -> Set<PoolType> {
    var types: Set<PoolType> = []
    for word in text?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      guard let type = PoolType(rawValue: String(word)) else {
        let known = PoolType.allCases.map(\.rawValue).joined(separator: ", ")
        throw StorageError(.usage, "", "Invalid pool type '\(word)': expected \(known)")
      }
      types.insert(type)
    }
    return types
  }
}

extension PoolRecord {
  /// What is listed of pools that nobody asks how they are.
  fileprivate static var columns: [Column<PoolRecord>] {
    [
      Column("name", "the pool's name") { .string($0.name.text) },
      Column("state", "active or inactive") { .string($0.isActive ? "active" : "inactive") },
      Column("autostart", "whether it is started at boot") { .boolean($0.isAutostarted) },
    ]
  }
}

extension PoolStatus {
  /// Everything that is listed of pools.
  static var columns: [Column<PoolStatus>] {
    func size(
      _ name: String, _ meaning: String,
      _ part: @escaping @Sendable (PoolSizes) -> ByteCount
    ) -> Column<PoolStatus> {
      Column(name, meaning, isSize: true, shown: { $0.sizes == nil ? "-" : nil }) { status in
        // What is not started has none; of what cannot be reached it is not known.
        .size(status.sizes.map(part) ?? (status.state == .inactive ? 0 : nil))
      }
    }
    return [
      Column("name", "the pool's name") { .string($0.record.name.text) },
      Column("uuid", "the pool's UUID", heading: "UUID") {
        .string("\($0.record.definition.uuid)")
      },
      Column("type", "dir, fs, logical and so on") {
        .string($0.record.definition.type.rawValue)
      },
      Column("state", "whether it is started, and how it is") { .string($0.state.rawValue) },
      Column("persistent", "whether it has a definition") { .boolean($0.record.isPersistent) },
      Column("autostart", "whether it is started at boot") { .boolean($0.record.isAutostarted) },
      size("capacity", "size of its storage", \.capacity),
      size("allocation", "how much of that is taken", \.allocation),
      size("available", "how much of that is free", \.available),
      Column("path", "where its volumes are") { .text($0.record.definition.target.path?.text) },
    ]
  }

  /// The members that every listing of a pool has.
  var json: [(String, JSON)] { PoolStatus.columns.map { ($0.name, $0.value(self)) } }
}

extension DefinitionOrigin {
  /// The file a definition stands in; nil for none.
  var file: String? {
    switch self {
    case .document(let file), .section(let file, _): return file.text
    case .builtIn, .none: return nil
    }
  }
}

extension ByteCount {
  /// The size as a number of bytes, or in the largest fitting unit.
  func text(inBytes: Bool) -> String { inBytes ? String(bytes) : displayText }
}
