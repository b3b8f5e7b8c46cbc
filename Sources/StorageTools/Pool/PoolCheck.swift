import Operations
import StorageBackend
import StorageModel

extension Command {
  static let poolCheck = Command(
    "pool-check", "List what interrupted commands left in a pool; --repair removes it.",
    .changes,
    [
      .optional(
        "pool", "POOL", "Check this pool (all active ones, definitions, secrets).",
        .pool(.any)),
      .flag("repair", "Remove leftovers that hold no data of yours."),
      .named(
        "rebase", "VOLUME", "Point this overlay to the pool's volume of that name.",
        .volume(.stopped)),
    ] + Parameter.listing(ReportedFinding.columns) + [.timeout],
    changesOnlyWith: ["repair", "rebase"], example: "pool-check vms --repair",
    also: [.problemsFound]
  ) { tool throws(StorageError) in
    if try tool.showColumns(ReportedFinding.columns) { return }
    try tool.checkForm()
    let repair = tool.arguments.has("repair")
    if let text = tool.arguments.value("rebase") {
      guard !repair else {
        throw Arguments.usage("Options --repair and --rebase are mutually exclusive")
      }
      let (change, pool, name) = try tool.storage.rebase(text, in: tool.arguments.value("pool"))
      return try tool.report(
        change, pool: pool.name, volume: name,
        change.isChanged
          ? "Backing store of vol \(name) named anew" : "Backing store of vol \(name) is there")
    }
    var results: [Storage.CheckResult] = []
    var isUnknown = false
    if let text = tool.arguments.value("pool") {
      results.append(try tool.storage.check(text, repair: repair))
    } else {
      results.append(try tool.storage.checkDefinitions(repair: repair))
      for pool in try tool.storage.checkablePools() {
        do throws(StorageError) {
          results.append(try tool.storage.check(pool.text, repair: repair))
        } catch {
          if error.code == .interrupted { throw error }
          // What is not known of one pool hides nothing of the others.
          tool.warn("not checked: \(error.text)")
          isUnknown = true
        }
      }
    }
    for result in results {
      for error in result.failed { tool.warn("not repaired: \(error.text)") }
      for (finding, isRepaired) in result.findings where isRepaired {
        tool.leaveWord(
          of: Storage.Change(isChanged: true, told: []), pool: result.pool, volume: finding.volume,
          "repaired \(finding.kind.rawValue): \(finding.path.text)")
      }
      if let pool = result.pool { try tool.storage.strangers(in: pool).forEach(tool.warn) }
    }
    if tool.isDryRun, !tool.wantsJSON {
      try tool.write(results.flatMap(\.told).map { "would \($0)\n" }.joined())
    }
    try list(results, tool)
    let isOpen = results.contains { result in
      !result.failed.isEmpty
        || result.findings.contains {
          !$0.repaired && ($0.0.kind.isRepairable || $0.0.kind == .unreadable)
        }
    }
    if isOpen || isUnknown, !tool.isDryRun { Tool.finish("", "", .problemsFound) }
  }

  private static func text(_ result: Storage.CheckResult) -> String {
    let lines = result.findings.map { finding, repaired in
      "\(finding.kind.rawValue): \(finding.path.text.escaped): \(finding.kind.explanation); "
        + (repaired ? finding.kind.repaired : "repair: \(finding.repair)") + "\n"
    }
    guard lines.isEmpty else { return lines.joined() }
    return result.pool.map { "Pool \($0) is clean\n" } ?? "Definitions and secrets are clean\n"
  }

  /// Sentences, unless another form is asked for.
  private static func list(_ results: [Storage.CheckResult], _ tool: Tool) throws(StorageError) {
    let asked = ["output", "filter", "sort", "null", "raw"].contains(where: tool.arguments.isGiven)
    guard asked || tool.wantsJSON else { return try tool.show(results.map(text).joined()) }
    let pool = tool.arguments.value("pool") == nil ? nil : results[0].pool?.text
    var list = try Listing(
      tool, ReportedFinding.columns, usual: ["path", "kind", "pool", "volume"],
      json: ("pool-check", [("pool", .text(pool))], "findings"))
    let findings = results.flatMap { result in
      result.findings.map {
        ReportedFinding(finding: $0.0, isRepaired: $0.repaired, pool: result.pool)
      }
    }
    try list.append(findings, ReportedFinding.columns)
    try list.end()
  }
}

/// A finding as it is listed.
private struct ReportedFinding {
  let finding: Finding
  let isRepaired: Bool
  /// nil for definitions and secrets.
  let pool: PoolName?

  static var columns: [Column<ReportedFinding>] {
    [
      Column("kind", "what kind of finding it is") { .string($0.finding.kind.rawValue) },
      Column("path", "where it is") { .string($0.finding.path.text) },
      Column("pool", "the pool that it is in") { .text($0.pool?.text) },
      Column("volume", "the volume that it belongs to") { .text($0.finding.volume?.text) },
      Column("explanation", "what it means") { .string($0.finding.kind.explanation) },
      Column("repair", "what helps") { .string($0.finding.repair) },
      Column("repaired", "whether it was repaired just now") { .boolean($0.isRepaired) },
    ]
  }
}
