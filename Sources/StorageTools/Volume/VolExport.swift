import StorageCore
import StorageModel
import StorageOS

extension Command {
  static let volExport = Command(
    "vol-export", "Write the last committed state of a volume to a file or standard output.",
    .changes,
    [
      .volume, .required("file", "FILE", "Where to write; - writes standard output."), .volumePool,
      .named("revision", "REVISION", "Write this revision instead."),
    ],
    example: "vol-export disk1 /srv/disk1.raw --pool vms"
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    if file == "-" {
      // Nothing is changed, so whoever stops reading may end this as any other reader.
      Process.endOnBrokenPipe()
    } else {
      guard !file.isEmpty else { throw StorageError(.usage, "", "the name of a file is empty") }
      guard !file.hasSuffix("/") else { throw StorageError(.badInput, file, "is a directory") }
      try tool.storage.checkExportTarget(Path(file))
    }
    let steps = Steps(isDryRun: tool.isDryRun)
    let (pool, name) = try tool.storage.export(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"),
      revision: tool.arguments.value("revision")
    ) { state throws(StorageError) in
      try steps.run("write '\(state.path)' to '\(file)'") { () throws(StorageError) in
        let progress = tool.progress()
        let output =
          file == "-"
          ? Transfer.Output.open(Process.standardOutput) : .path(Path(file), mode: 0o600)
        try Transfer.deliver(to: output) { target, start throws(StorageError) in
          var transfer = Transfer(from: state, to: target, progress: progress)
          transfer.targetStart = start
          return try transfer.run().size
        }
      }
    }
    if file == "-", !tool.isDryRun { return }
    try tool.report(
      Storage.Change(isChanged: true, told: steps.told), pool: pool.name, volume: name,
      "Vol \(name) exported to \(file)")
  }
}
