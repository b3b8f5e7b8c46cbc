import Operations
import StorageModel
import StorageOS

extension Command {
  static let volExport = Command(
    "vol-export", "Write the last committed state of a volume to a file or standard output.",
    .changes,
    [
      .volume, .required("file", "FILE", "Where to write; - writes standard output."), .volumePool,
      .named("revision", "REVISION", "Write this revision instead."),
      .named(
        "compress", "METHOD", "Compress what is written: zstd.", .words([.init("zstd")])),
      .checksum, .verify, .progress,
    ],
    example: "vol-export disk1 /srv/disk1.raw --pool vms"
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
