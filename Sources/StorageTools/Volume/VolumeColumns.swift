import Operations
import StorageBackend
import StorageModel

extension Volume {
  /// Everything that is listed of volumes.
  /// - Parameter pool: the one that they are in; nil where only the columns themselves matter.
  static func columns(in pool: ActivePool?) -> [Column<Volume>] {
    let poolName = pool?.name.text
    return [
      Column("name", "the volume's name") { .string($0.definition.name.text) },
      Column("key", "what identifies it on this machine") { .text($0.definition.key) },
      Column("path", "where it is", shown: { $0.definition.target.path == nil ? "" : nil }) {
        .text($0.definition.target.path?.text)
      },
      Column("pool", "the pool that it is in") { _ in .text(poolName) },
      Column(
        "type", "file, block, dir or network",
        shown: { $0.problem == nil ? nil : "\($0.definition.kind.rawValue) (broken)" }
      ) { .string($0.definition.kind.rawValue) },
      Column("format", "format of its content") { .text($0.definition.target.format?.rawValue) },
      Column("capacity", "size of the disk", isSize: true) { .size($0.definition.capacity) },
      Column("allocation", "space that is taken", isSize: true) {
        .size($0.definition.allocation)
      },
      Column("physical", "size of its file or device", isSize: true) {
        .size($0.definition.physical)
      },
      Column("sector_size", "sectors that the content is made for", isSize: true) {
        .size($0.sectorSize)
      },
      Column(
        "state", "clean, running, dirty or absent", shown: \.stateInWords,
        isUsual: { $0.stateInWords == nil }
      ) { .string($0.state.rawValue) },
      Column("state_id", "which committed state it is", isCostly: true) { volume in
        .text(pool.flatMap { volume.stateID(in: $0)?.description })
      },
      Column("device", "what a virtual machine is given while it is started") { volume in
        // A pool is large to copy, and few volumes are started.
        .text(volume.state == .running ? pool.flatMap { volume.devicePath(in: $0) } : nil)
      },
      Column("kind", "kind of life cycle") { .string($0.properties.kind.rawValue) },
      Column("rw", "whether it can be written to", heading: "Writable") {
        .boolean($0.properties.isWritable)
      },
      Column("snap_on_start", "whether each start begins with a snapshot of its source") {
        .boolean($0.properties.snapOnStart)
      },
      Column("save_on_stop", "whether a stop keeps what was written") {
        .boolean($0.properties.saveOnStop)
      },
      Column("revisions_to_keep", "number of former states that are kept") {
        .integer(Int64($0.properties.revisionsToKeep.number))
      },
      Column("source", "the volume that it starts from") { .text($0.properties.source?.text) },
      Column("ephemeral", "whether it is encrypted with a key that nobody keeps") {
        .boolean($0.properties.ephemeral)
      },
      Column("outdated", "whether its source has moved on") { .boolean($0.isOutdated) },
      Column("backing_store", "image below it", shown: { $0.definition.backingStore?.path }) {
        volume in
        volume.definition.backingStore.map {
          .object([("path", .string($0.path)), ("format", .text($0.format?.rawValue))])
        } ?? .null
      },
      Column(
        "timestamps", "when its content changed last", heading: "Modified",
        shown: { $0.definition.target.timestamps?.modification.iso8601 }
      ) { volume in
        volume.definition.target.timestamps.map {
          .object([
            ("access", .time($0.access)), ("modification", .time($0.modification)),
            ("change", .time($0.change)), ("birth", .time($0.birth)),
          ])
        } ?? .null
      },
      Column("problem", "why it cannot be read") { .text($0.problem) },
    ]
  }
}
