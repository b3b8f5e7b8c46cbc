import StorageCore
import StorageModel

extension Command {
  static let volImport = Command(
    "vol-import", "Replace the content of a volume by a file or standard input.", .changes,
    [
      .volume(.stopped), .required("file", "FILE", "What to import; - reads standard input."),
      .volumePool,
      .named("size", "SIZE", "How many bytes come; the volume gets that size."),
      .flag("keep-size", "The input must have the size that the volume has."), .reserve.rare,
    ],
    example: "vol-import disk1 /srv/content --pool vms"
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    var size = Storage.ImportSize.automatic
    if let given = try tool.arguments.size("size") { size = .exactly(given) }
    if tool.arguments.has("keep-size") {
      guard case .automatic = size else {
        throw Arguments.usage("Options --size and --keep-size are mutually exclusive")
      }
      size = .keep
    }
    let (change, pool, name) = try tool.storage.importVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), from: try tool.input(file),
      size: size)
    try tool.report(change, pool: pool.name, volume: name, "Vol \(name) imported from \(file)")
  }
}
