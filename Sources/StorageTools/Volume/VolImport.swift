import StorageCore
import StorageModel

extension Command {
  static let volImport = Command(
    "vol-import", "Replace the content of a volume by a file or standard input.", .changes,
    [
      .volume(.stopped), .required("file", "FILE", "What to import; - reads standard input."),
      .volumePool,
      .named("size", "SIZE", "How many bytes come; the volume gets that size."),
      .flag("keep-size", "The input must have the size that the volume has."),
      .named(
        "decompress", "METHOD", "How the input is compressed: auto, zstd or none (auto).",
        .words([
          .init("auto", "zstd where it begins so"), .init("zstd"), .init("none", "taken as it is"),
        ])),
      .checksum, .verify, .sectorSize, .progress, .reserve.rare,
    ],
    example: "vol-import disk1 /srv/content --pool vms"
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    var options = Storage.ImportOptions()
    if let given = try tool.arguments.size("size") { options.size = .exactly(given) }
    if tool.arguments.has("keep-size") {
      guard case .automatic = options.size else {
        throw Arguments.usage("Options --size and --keep-size are mutually exclusive")
      }
      options.size = .keep
    }
    if let word = tool.arguments.value("decompress") {
      guard let method = Storage.Decompression(rawValue: word) else {
        let words = Storage.Decompression.allCases.map(\.rawValue).joined(separator: ", ")
        throw Arguments.usage("--decompress is none of: \(words)")
      }
      options.decompression = method
    }
    options.check = try tool.contentCheck()
    options.sectorSize = try tool.sectorSize()
    let (change, pool, name, result) = try tool.storage.importVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), from: try tool.input(file),
      options)
    try tool.printChecksum(result.sum, of: file)
    try tool.report(
      change, pool: pool.name, volume: name,
      "Vol \(name) imported from \(file)\(result.wasCompressed ? " (zstd)" : "")",
      more: tool.checksumMember(result.sum))
  }
}
