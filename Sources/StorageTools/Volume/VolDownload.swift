import Operations
import StorageModel
import StorageOS

extension Command {
  static let volDownload = Command(
    "vol-download", "Copy a volume's content, or a part of it, to a file.", .changes,
    [
      .volume, .required("file", "FILE", "File to write; - for standard output."), .volumePool,
      .offset, .length,
      .flag("sparse", "Keep holes; files keep them in any case."),
      .checksum, .verify, .progress,
    ],
    example: "vol-download disk1 /srv/disk1.raw --pool images", also: [.exists]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    var options = Storage.ExportOptions()
    options.part = try tool.contentPart()
    options.check = try tool.contentCheck()
    if file != "-" {
      try tool.reach(file)
      try checkCanBeMade(file)
    }
    let output = try tool.output(file, mode: 0o666 & ~Process.originalFileModeMask)
    let (change, pool, name, sum) = try tool.storage.export(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), to: output, named: file,
      options)
    if file == "-", !tool.isDryRun {
      return try tool.printChecksum(sum, of: file, besideContent: true)
    }
    try tool.reportContent(change, pool.name, name, sum, of: file)
  }

  /// Refuses, in virsh's words, what is no file and has no place for one.
  private static func checkCanBeMade(_ file: String) throws(StorageError) {
    func refusal(_ reason: String, _ code: StorageError.Code) -> StorageError {
      StorageError(code, "", "cannot create \(file)", reason: reason)
    }
    guard !file.isEmpty else { throw StorageError(.usage, "", "the name of a file is empty") }
    let path = Path(file)
    if let status = try FileStatus.ifPresent(path) {
      guard status.kind != .folder else { throw refusal("Is a directory", .badInput) }
      return
    }
    let parent: FileStatus
    do throws(StorageError) { parent = try FileStatus(following: path.parent) } catch {
      throw refusal(error.reason ?? error.problem, error.code)
    }
    guard parent.kind == .folder else { throw refusal("Not a directory", .notFound) }
  }
}
