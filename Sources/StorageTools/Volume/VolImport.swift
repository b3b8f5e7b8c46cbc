import Definitions
import Operations
import StorageModel

extension Command {
  static let volImport = Command(
    "vol-import", "Replace the content of a volume by that of a file or a volume.",
    .changes,
    [
      .volume(.stopped), .optional("file", "FILE", "File to import; - for standard input."),
      .volumePool,
      .named(
        "from-volume", "VOLUME", "Import the committed state of a volume instead.", .volume(.any)),
      .named("from-pool", "POOL", "Pool of that volume, if it is another."),
      .named("from-revision", "REVISION", "Import this revision of that volume.", .text)
        .rare,
      .named("size", "SIZE", "Bytes in the input; resizes the volume to that."),
      .flag("keep-size", "Fail unless the input has the volume's size."),
      .named(
        "decompress", "METHOD", "Compression of the input: auto, zstd or none (auto).",
        .words([
          .init("auto", "zstd where it begins so"), .init("zstd"), .init("none", "taken as it is"),
        ])),
      .flag("create", "Create the volume and its content in one step."),
      .named("capacity", "SIZE", "Size of the new volume (that of the content).").rare,
      .named(
        "format", "FORMAT", "Format of the content; converted if needed.",
        .imageFormat),
      .named(
        "backing-vol", "VOLUME", "Volume that the content may have as its base.", .volume(.any)
      )
      .rare,
      .ifNotExists.rare, .force.rare, .checksum, .verify, .sectorSize, .progress, .reserve.rare,
    ],
    example: "vol-import disk1 /srv/content --pool vms", also: [.exists]
  ) { tool throws(StorageError) in
    if let source = tool.arguments.value("from-volume") {
      return try tool.importVolume(from: source)
    }
    guard let file = tool.arguments.value("file") else {
      throw Arguments.usage("command 'vol-import' requires <file> option")
    }
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
    options.format = try tool.contentFormat()
    options.base = tool.arguments.value("backing-vol")
    guard !tool.arguments.has("create") else { return try tool.importNew(file, options) }
    for option in ["capacity", "if-not-exists"]
    where tool.arguments.has(option) || tool.arguments.value(option) != nil {
      throw Arguments.usage("--\(option) needs --create")
    }
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

extension Tool {
  fileprivate func importVolume(from source: String) throws(StorageError) {
    for name in [
      "file", "size", "keep-size", "decompress", "create", "capacity", "format", "if-not-exists",
      "checksum", "verify", "sector-size", "backing-vol",
    ]
    where arguments.has(name) || arguments.value(name) != nil {
      throw Arguments.usage("Options --from-volume and --\(name) are mutually exclusive")
    }
    let (change, pool, name) = try storage.importVolume(
      arguments.required("vol"), in: arguments.value("pool"),
      from: Storage.VolumeSource(
        source, in: arguments.value("from-pool"), revision: arguments.value("from-revision")))
    try report(change, pool: pool.name, volume: name, "Vol \(name) imported from vol \(source)")
  }

  /// Makes a volume of what is to be imported.
  fileprivate func importNew(_ file: String, _ options: Storage.ImportOptions) throws(StorageError)
  {
    if case .keep = options.size {
      throw Arguments.usage("--keep-size is about a volume that is there, and --create makes one")
    }
    guard let poolText = arguments.value("pool") else {
      throw Arguments.usage("--create needs --pool")
    }
    let pool = try storage.store.pool(matching: poolText).definition
    let name = try pool.volumeName(arguments.required("vol"))
    var request = VolumeDefinition(name: name, capacity: try arguments.size("capacity"))
    guard options.base == nil else {
      throw Arguments.usage("Options --create and --backing-vol are mutually exclusive")
    }
    request.target.format = options.format
    let (change, _, result) = try storage.importNewVolume(
      request, in: poolText, from: try input(file), ifNotExists: arguments.has("if-not-exists"),
      options)
    try printChecksum(result.sum, of: file)
    let message =
      change.isChanged
      ? "Vol \(name) created from \(file)\(result.wasCompressed ? " (zstd)" : "")"
      : "Vol \(name) exists already"
    try report(
      change, pool: pool.name, volume: name, message, more: checksumMember(result.sum))
  }
}
