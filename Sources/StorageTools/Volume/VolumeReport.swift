import StorageCore
import StorageModel

extension Tool {
  /// The volume that the arguments name, in its pool.
  func volume() throws(StorageError) -> (ActivePool, Volume) {
    try storage.volume(arguments.required("vol"), in: arguments.value("pool"))
  }

  /// With --if-exists a volume that is not there is a success without a change.
  func ifExists(volume text: String, _ body: () throws(StorageError) -> Void) throws(StorageError) {
    do throws(StorageError) { try body() } catch {
      guard arguments.has("if-exists"), error.code == .notFound else { throw error }
      try report(.none, pool: nil, "Vol \(text) does not exist")
    }
  }
}

extension Volume {
  /// The path of the device while the volume is started.
  private func devicePath(in pool: ActivePool) -> String? {
    guard state == .running, let backend = try? pool.contentBackend() else { return nil }
    return backend.devicePath(of: self).text
  }

  /// Everything scripts are told of a volume.
  /// - Parameter chain: the images below it, where they were looked at.
  func json(in pool: ActivePool, chain: [BackingImage]? = nil) -> JSON {
    let target = definition.target
    let times = target.timestamps
    let chainMember: [(String, JSON)] =
      chain.map { [("backing_chain", .array($0.map(\.json)))] } ?? []
    return .object(
      [
        ("name", .string(name.text)), ("key", .text(definition.key)),
        ("path", .text(target.path?.text)), ("pool", .string(pool.name.text)),
        ("type", .string(definition.kind.rawValue)), ("format", .text(target.format?.rawValue)),
        ("capacity", .size(definition.capacity)), ("allocation", .size(definition.allocation)),
        ("physical", .size(definition.physical)), ("sector_size", .size(sectorSize)),
        ("state", .string(state.rawValue)),
        ("device", .text(devicePath(in: pool))),
        ("kind", .string(properties.kind.rawValue)), ("rw", .boolean(properties.isWritable)),
        ("snap_on_start", .boolean(properties.snapOnStart)),
        ("save_on_stop", .boolean(properties.saveOnStop)),
        ("revisions_to_keep", .integer(Int64(properties.revisionsToKeep.number))),
        ("source", .text(properties.source?.text)), ("ephemeral", .boolean(properties.ephemeral)),
        ("outdated", .boolean(isOutdated)),
        (
          "backing_store",
          definition.backingStore.map {
            .object([("path", .string($0.path)), ("format", .text($0.format?.rawValue))])
          } ?? .null
        ),
        (
          "timestamps",
          times.map {
            .object([
              ("access", .time($0.access)), ("modification", .time($0.modification)),
              ("change", .time($0.change)), ("birth", .time($0.birth)),
            ])
          } ?? .null
        ),
        ("problem", .text(problem)),
      ] + chainMember)
  }
}

extension BackingImage {
  /// What scripts are told of an image below a volume.
  fileprivate var json: JSON {
    .object([
      ("path", .string(path)), ("format", .text(format?.rawValue)),
      ("pool", .text(pool?.text)), ("volume", .text(volume?.text)), ("problem", .text(problem)),
    ])
  }
}
