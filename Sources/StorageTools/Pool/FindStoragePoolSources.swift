import BackendList
import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let findStoragePoolSources = Command(
    "find-storage-pool-sources", "Find sources for pools of a type.", .reads,
    [
      .required("type", "TYPE", "Type of the pools: logical, netfs, iscsi and so on.", .poolType),
      .optional("srcSpec", "FILE", "A source element that says where to look; - for stdin."),
      .timeout,
    ],
    example: "find-storage-pool-sources logical"
  ) { tool throws(StorageError) in
    let file = tool.arguments.value("srcSpec")
    let bytes = try file.map { file throws(StorageError) in
      try tool.contents(of: file, limit: 1 << 20)
    }
    let finder = try tool.sourceFinder()
    var query: PoolSource?
    if let file, let bytes { query = try finder.query(bytes, file: file) }
    try tool.reportSources(finder, query)
  }
}

/// The backend that looks for sources of a type.
struct SourceFinder {
  let type: PoolType
  let backend: any SourceFindingBackend.Type

  /// - Throws: `badInput` for a word that is no type; `unsupported` where nothing can be looked for.
  init(type word: String) throws(StorageError) {
    guard let type = PoolType(rawValue: word) else {
      throw StorageError(
        .badInput, "Failed to find any \(word) pool sources", "unknown storage pool type \(word)")
    }
    self.type = type
    let subject = SourceFinder.subject(type)
    guard type.hasDiscoverableSources else { throw SourceFinder.unsupported(type) }
    let kind = try BackendRegistry.kind(of: type, for: subject)
    guard let backend = kind as? any SourceFindingBackend.Type else {
      throw SourceFinder.unsupported(type)
    }
    self.backend = backend
  }

  /// Reads where to look.
  func query(_ bytes: [UInt8], file: String) throws(StorageError) -> PoolSource {
    do throws(XMLProblem) {
      return try SourcesXML.readQuery(bytes, file: file, type: type)
    } catch {
      throw StorageError(.badInput, SourceFinder.subject(type), error.text)
    }
  }

  static func subject(_ type: PoolType) -> String {
    "Failed to find any \(type.rawValue) pool sources"
  }

  private static func unsupported(_ type: PoolType) -> StorageError {
    StorageError(
      .unsupported, subject(type),
      "pool type '\(type.rawValue)' does not support source discovery",
      hint: NextCommand.hint("pool-capabilities"))
  }
}

extension Tool {
  /// The finder of the type that was asked for.
  func sourceFinder() throws(StorageError) -> SourceFinder {
    try SourceFinder(type: arguments.required("type"))
  }

  /// Looks for sources and prints them.
  func reportSources(_ finder: SourceFinder, _ query: PoolSource?) throws(StorageError) {
    let sources: [PoolSource]
    do throws(StorageError) {
      sources = try finder.backend.findSources(query, host: storage.host)
    } catch {
      var error = error
      if error.subject.isEmpty { error.subject = SourceFinder.subject(finder.type) }
      throw error
    }
    try report(
      SourcesXML.write(sources, type: finder.type),
      json: (
        "find-storage-pool-sources",
        [
          ("type", .string(finder.type.rawValue)),
          ("sources", .array(sources.map { $0.json(of: finder.type) })),
        ]
      ))
  }
}

extension PoolSource {
  fileprivate func json(of type: PoolType) -> JSON {
    .object([
      (
        "hosts",
        .array(
          hosts.map { host in
            .object([
              ("name", .string(host.name)),
              ("port", host.port == 0 ? .null : .integer(Int64(host.port))),
            ])
          })
      ),
      ("devices", .array(devices.map { .string($0.path.text) })), ("dir", .text(dir?.text)),
      ("name", .text(name)), ("initiator", .text(initiatorIQN)),
      ("format", .text(format ?? type.sourceFormats?.standard)),
    ])
  }
}
