import Operations
import StorageModel

extension Command {
  static let volWipe = Command(
    "vol-wipe", "Overwrite a volume so that its content is gone.", .changes,
    [
      .volume(.stopped), .volumePool,
      .optional(
        "algorithm", "ALGORITHM", "How to overwrite it: zero (zero).",
        .words(WipeAlgorithm.allCases.map { .init($0.rawValue) })),
      .force, .progress,
    ],
    example: "vol-wipe disk1 --pool images"
  ) { tool throws(StorageError) in
    let text = tool.arguments.value("algorithm") ?? WipeAlgorithm.zero.rawValue
    guard let algorithm = WipeAlgorithm(rawValue: text) else {
      let known = WipeAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw StorageError(.usage, "", "Unsupported algorithm '\(text)': expected \(known)")
    }
    let (change, pool, name) = try tool.storage.wipeVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), algorithm)
    try tool.report(
      change, pool: pool.name, volume: name, "Vol \(tool.arguments.required("vol")) wiped")
  }
}
