import Definitions
import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let volCreate = Command(
    "vol-create", "Create a volume from an XML document.", .changes,
    [
      .pool(.active), .required("file", "FILE", "The document; - reads standard input."),
      .flag("prealloc-metadata", "Preallocate metadata (qcow2)."), .backingRelative.rare,
      .flag("validate", "Fail if it does not match libvirt's schema."),
      .flag("print-xml", "Print the resulting XML document and change nothing."), .ifNotExists,
      .reserve.rare,
    ],
    example: "vol-create images /srv/disk1.xml", also: [.exists]
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    let poolText = tool.arguments.required("pool")
    let request = try tool.volumeDocument(file, poolText)
    if tool.arguments.has("print-xml") {
      let volume = try tool.storage.normalised(request, in: poolText)
      let type = try tool.storage.store.pool(matching: poolText).definition.type
      return try tool.show(VolumeXML.write(volume, poolType: type))
    }
    try tool.create(request, in: poolText, "Vol \(request.name) created from \(file)")
  }
}

extension Parameter {
  static let backingRelative = Parameter.flag(
    "backing-relative", "Name the backing volume relative to the pool's folder.")
  static let flatten = Parameter.flag(
    "flatten", "Also accept a backing store outside the active pools.")
}

extension Tool {
  /// Reads a volume document for a pool; with --validate against libvirt's schema.
  /// - Parameter hasInput: whether another volume gives what it leaves out.
  func volumeDocument(_ file: String, _ poolText: String, hasInput: Bool = false)
    throws(StorageError) -> VolumeDefinition
  {
    let pool = try storage.store.pool(matching: poolText).definition
    let bytes = try contents(of: file, limit: 1 << 20)
    do throws(XMLProblem) {
      return try VolumeXML.read(
        bytes, file: file, poolType: pool.type,
        nestedNames: pool.allowsNestedNames, validate: arguments.has("validate"),
        hasInput: hasInput)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// What the options say of a new volume beyond its document.
  func creationOptions() -> CreationOptions {
    var options = CreationOptions()
    options.preallocatesMetadata = arguments.has("prealloc-metadata")
    options.backingIsRelative = arguments.has("backing-relative")
    options.requiresReflink = arguments.has("reflink")
    return options
  }

  /// What the flags of commands that copy a volume say.
  func copyOptions() throws(StorageError) -> CreationOptions {
    var options = creationOptions()
    options.flattens = arguments.has("flatten")
    options.sectorSize = try sectorSize()
    return options
  }

  /// The sectors that users say the content is made for.
  func sectorSize() throws(StorageError) -> ByteCount? {
    guard let size = try arguments.size("sector-size") else { return nil }
    return try SectorSize.checked(size)
  }

  /// Creates a volume and reports it.
  func create(_ request: VolumeDefinition, in poolText: String, _ message: String)
    throws(StorageError)
  {
    let change = try storage.createVolume(
      request, in: poolText, ifNotExists: arguments.has("if-not-exists"), creationOptions())
    let pool = try storage.store.pool(matching: poolText).name
    try report(
      change, pool: pool, volume: request.name,
      change.isChanged ? message : "Vol \(request.name) exists already")
  }
}
