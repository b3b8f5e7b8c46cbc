import Definitions
import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volCreateFrom = Command(
    "vol-create-from", "Create a volume with the content of another.", .changes,
    [
      .pool, .required("file", "FILE", "The document; - reads standard input."),
      .required("vol", "VOLUME", "Volume to copy: its name, key or path."),
      .optional("inputpool", "POOL", "Pool of the volume to copy."),
      .flag("prealloc-metadata", "Preallocate metadata (qcow2)."),
      .flag("reflink", "Share blocks with the source, or fail."), .flatten.rare, .sectorSize,
      .flag("validate", "Fail if it does not match libvirt's schema."), .ifNotExists, .progress,
      .reserve.rare,
    ],
    example: "vol-create-from images /srv/disk2.xml disk1", also: [.exists]
  ) { tool throws(StorageError) in
    let poolText = tool.arguments.required("pool")
    let request = try tool.volumeDocument(
      tool.arguments.required("file"), poolText, hasInput: true)
    let inputPool = tool.arguments.value("inputpool") ?? poolText
    let (_, source) = try tool.storage.volume(tool.arguments.required("vol"), in: inputPool)
    let change = try tool.storage.createVolume(
      request, in: poolText, from: source.name.text, in: inputPool,
      ifNotExists: tool.arguments.has("if-not-exists"), tool.copyOptions())
    let isThere = tool.arguments.has("if-not-exists") && !change.isChanged
    let pool = try tool.storage.store.pool(matching: poolText).name
    try tool.report(
      change, pool: pool, volume: request.name,
      isThere
        ? "Vol \(request.name) exists already"
        : "Vol \(request.name) created from input vol \(source.name)")
  }
}
