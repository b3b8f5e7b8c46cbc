import Operations
import StorageModel
import StorageOS

extension Command {
  static let volExport = Command(
    "vol-export", "Write the committed state of a volume to a file.",
    .changes,
    [
      .volume, .required("file", "FILE", "File to write; - for standard output."), .volumePool,
      .named("revision", "REVISION", "Write this revision instead of the committed state."),
      .named(
        "compress", "METHOD", "Compress the output: zstd.", .words([.init("zstd")])),
      .checksum, .verify, .progress,
    ],
    example: "vol-export disk1 /srv/disk1.raw --pool vms", also: [.exists]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    var options = Storage.ExportOptions()
    options.revision = tool.arguments.value("revision")
    options.check = try tool.contentCheck()
    if let method = tool.arguments.value("compress") {
      guard method == "zstd" else {
        throw Arguments.usage("--compress is none of: zstd")
      }
      options.compresses = true
    }
    let (change, pool, name, sum) = try tool.storage.export(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"),
      to: tool.output(file, mode: 0o600), named: file, options)
    if file == "-", !tool.isDryRun {
      return try tool.printChecksum(sum, of: file, besideContent: true)
    }
    try tool.printChecksum(sum, of: file)
    try tool.report(
      change, pool: pool.name, volume: name, "Vol \(name) exported to \(file)",
      more: tool.checksumMember(sum))
  }
}
