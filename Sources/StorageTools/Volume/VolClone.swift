import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let volClone = Command(
    "vol-clone", "Create a copy of a volume in the same pool.", .changes,
    [
      .volume(.any), .required("newname", "NAME", "Name of the copy."), .volumePool,
      .named("format", "FORMAT", "Convert the copy to this format.", .creatableFormat),
      .flag("prealloc-metadata", "Preallocate metadata (qcow2)."),
      .named("revision", "REVISION", "Copy a revision instead of the committed state."),
      .flag("reflink", "Share blocks with the source, or fail."), .flatten.rare, .sectorSize,
      .flag("print-xml", "Print the copy's XML document and change nothing."), .ifNotExists,
      .progress,
      .reserve.rare,
    ],
    example: "vol-clone disk1 disk2 --pool images", also: [.exists]
  ) { tool throws(StorageError) in
    let (pool, source) = try tool.volume()
    let name = try pool.definition.volumeName(tool.arguments.required("newname"))
    var options = try tool.copyOptions()
    options.revision = tool.arguments.value("revision")
    var request = try tool.storage.cloneRequest(
      of: source, in: pool, revision: options.revision, named: name)
    if let format = try tool.contentFormat(), format != request.target.format {
      request.target.format = format
      // What only the source's format has.
      request.target.compat = nil
      request.target.features = nil
      request.target.clusterSize = nil
    }
    if tool.arguments.has("print-xml") {
      let volume = try tool.storage.normalised(request, in: pool.name.text)
      return try tool.show(VolumeXML.write(volume, poolType: pool.definition.type))
    }
    let change = try tool.storage.createVolume(
      request, in: pool.name.text, from: source.name.text, in: pool.name.text,
      ifNotExists: tool.arguments.has("if-not-exists"), options)
    let isThere = tool.arguments.has("if-not-exists") && !change.isChanged
    try tool.report(
      change, pool: pool.name, volume: name,
      isThere ? "Vol \(name) exists already" : "Vol \(name) cloned from \(source.name)")
  }
}
