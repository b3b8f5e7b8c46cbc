import StorageCore
import StorageModel

extension Command {
  static let poolCheck = Command(
    "pool-check", "List what interrupted commands left in a pool, and remove it if asked.",
    .changes,
    [.pool, .flag("repair", "Remove what nobody can want back."), .timeout],
    example: "pool-check vms --repair"
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let repair = tool.arguments.has("repair")
    let (pool, findings, told) = try tool.storage.check(text, repair: repair)
    if tool.isDryRun, !tool.wantsJSON { try tool.write(told.map { "would \($0)\n" }.joined()) }
    let lines = findings.map { finding, repaired in
      "\(finding.kind.rawValue): \(finding.path.text.escaped): \(finding.kind.explanation); "
        + (repaired ? finding.kind.repaired : "repair: \(finding.kind.repair)") + "\n"
    }
    try tool.report(
      lines.isEmpty ? "Pool \(pool) is clean\n" : lines.joined(),
      json: (
        "pool-check",
        [
          ("pool", .string(pool.text)),
          ("findings", .array(findings.map { describe($0.0, repaired: $0.repaired) })),
        ]
      ))
    let open = findings.contains { !$0.repaired && $0.0.kind.isRepairable }
    if open, !tool.isDryRun { Tool.finish("", "", .problemsFound) }
  }

  private static func describe(_ finding: Finding, repaired: Bool) -> JSON {
    .object([
      ("kind", .string(finding.kind.rawValue)), ("path", .string(finding.path.text)),
      ("volume", .text(finding.volume?.text)), ("explanation", .string(finding.kind.explanation)),
      ("repair", .string(finding.kind.repair)), ("repaired", .boolean(repaired)),
    ])
  }
}
