import StorageCore
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
      .flag("details", "Show more of each pool."), .flag("uuid", "Print UUIDs only."),
      .flag("name", "Print names only."), .null, .timeout,
    ],
    example: "pool-list --all --details"
  ) { tool throws(StorageError) in
    let arguments = tool.arguments
    let (wantsUUID, wantsName) = (arguments.has("uuid"), arguments.has("name"))
    if arguments.has("details"), wantsUUID || wantsName {
      throw Arguments.usage(
        "Options --details and --\(wantsUUID ? "uuid" : "name") are mutually exclusive")
    }
    if arguments.has("all"), arguments.has("inactive") {
      throw Arguments.usage("Options --all and --inactive are mutually exclusive")
    }
    let wantsNull = arguments.has("null")
    try tool.checkNull()
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
    if wantsNull {
      return try tool.writeNullEnded(
        pools.map { wantsUUID ? "\($0.definition.uuid)" : $0.name.text })
    }
    if !tool.wantsJSON, wantsUUID || wantsName {
      let lines = pools.map { pool -> String in
        let name = pool.name.text.escaped
        let padded = name + String(repeating: " ", count: max(0, 20 - name.count))
        if wantsUUID, wantsName { return "\(pool.definition.uuid) \(padded)\n" }
        return (wantsUUID ? "\(pool.definition.uuid)" : padded) + "\n"
      }
      return try tool.write(lines.joined() + "\n")
    }
    guard arguments.has("details") || tool.wantsJSON else {
      let rows = pools.map {
        [
          $0.name.text.escaped, $0.isActive ? "active" : "inactive",
          $0.isAutostarted ? "yes" : "no",
        ]
      }
      return try tool.write(Table.text(["Name", "State", "Autostart"], rows) + "\n")
    }
    let statuses = tool.storage.statuses(of: pools)
    for status in statuses {
      if let problem = status.problem { tool.warn("pool '\(status.record.name)': \(problem)") }
    }
    try tool.report(
      detailTable(statuses),
      json: ("pool-list", [("pools", .array(statuses.map { .object($0.json) }))]))
  }

  private static func detailTable(_ statuses: [PoolStatus]) -> String {
    let rows = statuses.map { status in
      [
        status.record.name.text.escaped, status.state.rawValue,
        status.record.isAutostarted ? "yes" : "no", status.record.isPersistent ? "yes" : "no",
        status.sizes?.capacity.displayText ?? "-", status.sizes?.allocation.displayText ?? "-",
        status.sizes?.available.displayText ?? "-",
      ]
    }
    return Table.text(
      ["Name", "State", "Autostart", "Persistent", "Capacity", "Allocation", "Available"], rows)
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

extension PoolStatus {
  /// The members that every listing of a pool has.
  var json: [(String, JSON)] {
    [
      ("name", .string(record.name.text)), ("uuid", .string("\(record.definition.uuid)")),
      ("type", .string(record.definition.type.rawValue)), ("state", .string(state.rawValue)),
      ("persistent", .boolean(record.isPersistent)), ("autostart", .boolean(record.isAutostarted)),
      ("capacity", .size(sizes?.capacity ?? 0)), ("allocation", .size(sizes?.allocation ?? 0)),
      ("available", .size(sizes?.available ?? 0)),
      ("path", .text(record.definition.target.path?.text)),
    ]
  }
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
