import Definitions
import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let volCreateAs = Command(
    "vol-create-as", "Create a volume from options.", .changes,
    [
      .pool(.active), .required("name", "NAME", "Name of the volume."),
      .optional(
        "capacity", "SIZE", "Size; not needed if it starts from a source."),
      .optional("allocation", "SIZE", "How much gets its blocks at once (all).")
        .whereEmpty(.isAbsent),
      .optional(
        "format", "FORMAT", "Format of the file (raw).",
        .creatableFormat),
      .optional("backing-vol", "VOLUME", "Volume to lay an overlay on."),
      .optional("backing-vol-format", "FORMAT", "Format of the backing volume.", .imageFormat),
      .flag("prealloc-metadata", "Preallocate metadata (qcow2).").rare, .backingRelative.rare,
      .flag("print-xml", "Print the XML document and change nothing."), .ifNotExists,
      .named("rw", "YES|NO", "Whether it is writable."),
      .named("snap-on-start", "YES|NO", "Whether each start begins from its source."),
      .named("save-on-stop", "YES|NO", "Whether a stop keeps what was written."),
      .named("revisions-to-keep", "N", "Former states to keep: -1, 0 or more."),
      .named("source", "VOLUME", "Volume of the pool to start from."),
      .named("ephemeral", "YES|NO", "Whether to encrypt it with a throw-away key."),
      .reserve.rare,
    ],
    example: "vol-create-as vms disk1 64M --allocation 0", also: [.exists]
  ) { tool throws(StorageError) in
    let arguments = tool.arguments
    let poolText = arguments.required("pool")
    let settings = try tool.lifecycleSettings()
    let name = arguments.required("name")
    let capacity = try arguments.size("capacity")
    guard capacity != nil || settings.source != nil else {
      throw Arguments.usage("command 'vol-create-as' requires <capacity> option")
    }
    let pool = try tool.storage.store.pool(matching: poolText).definition
    var options = VolumeOptions(name: name, capacity: capacity)
    options.allocation = try arguments.size("allocation")
    options.format = arguments.value("format")
    options.backingFormat = arguments.value("backing-vol-format")
    options.lifecycle = settings
    if let backing = arguments.value("backing-vol") {
      // As virsh: a name in the pool first, then a key or a path in any pool.
      let storage = tool.storage
      let volume: Volume
      do throws(StorageError) { volume = try storage.volume(backing, in: poolText).1 } catch {
        guard error.code == .notFound else { throw error }
        do throws(StorageError) { volume = try storage.volume(backing, in: nil).1 } catch {
          guard error.code == .notFound else { throw error }
          throw Storage.noVolume(backing)
        }
      }
      guard let path = volume.definition.target.path else { throw Storage.noVolume(backing) }
      options.backingPath = path.text
    }
    let document = VolumeXML.document(from: options)
    if arguments.has("print-xml") { return try tool.show(document) }
    _ = try pool.volumeName(name)
    let request: VolumeDefinition
    do throws(XMLProblem) {
      request = try VolumeXML.read(
        Array(document.utf8), file: "options", poolType: pool.type,
        nestedNames: pool.allowsNestedNames, validate: false)
    } catch {
      throw StorageError(.badInput, "volume '\(name)'", error.message)
    }
    try tool.create(request, in: poolText, "Vol \(name) created")
  }
}

extension Tool {
  /// The life-cycle properties that options give.
  fileprivate func lifecycleSettings() throws(StorageError) -> LifecycleSettings {
    var settings = LifecycleSettings()
    settings.isWritable = try arguments.boolean("rw")
    settings.snapOnStart = try arguments.boolean("snap-on-start")
    settings.saveOnStop = try arguments.boolean("save-on-stop")
    settings.ephemeral = try arguments.boolean("ephemeral")
    if let text = arguments.value("revisions-to-keep") {
      try settings.set("revisions_to_keep", to: text)
    }
    if let text = arguments.value("source") {
      do throws(NameProblem) { settings.source = try VolumeName(text, nested: true) } catch {
        throw StorageError(.badInput, "--source", error.text)
      }
    }
    return settings
  }
}
