import Operations
import StorageBackend
import StorageModel

extension Command {
  static let volRevisions = Command(
    "vol-revisions", "List the revisions of a volume, oldest first, or change one.", .changes,
    [
      .volume, .volumePool,
      .named("delete", "REVISION", "Remove a revision.", .revision),
      .named("pin", "REVISION", "Keep a revision, however many newer ones come.", .revision),
      .named("unpin", "REVISION", "Stop keeping a revision.", .revision),
    ] + Parameter.listing(RevisionFacts.columns()),
    changesOnlyWith: ["delete", "pin", "unpin"], example: "vol-revisions disk1 --pool vms"
  ) { tool throws(StorageError) in
    if try tool.showColumns(RevisionFacts.columns()) { return }
    let arguments = tool.arguments
    let changes = ["delete", "pin", "unpin"].filter { arguments.value($0) != nil }
    guard changes.count < 2 else {
      throw Arguments.usage("Options --\(changes[0]) and --\(changes[1]) are mutually exclusive")
    }
    guard let verb = changes.first, let revision = arguments.value(verb) else {
      return try tool.listRevisions()
    }
    try tool.changeRevision(verb, revision)
  }
}

extension Tool {
  fileprivate func changeRevision(_ verb: String, _ identifier: String) throws(StorageError) {
    let (text, poolText) = (arguments.required("vol"), arguments.value("pool"))
    let done =
      verb == "delete"
      ? try storage.deleteRevision(identifier, of: text, in: poolText)
      : try storage.setPinned(verb == "pin", revision: identifier, of: text, in: poolText)
    let (change, pool, name, revision) = done
    let what = verb == "delete" ? "deleted" : "\(verb)ned"
    try report(
      change, pool: pool.name, volume: name,
      "Revision \(revision.identifier) of vol \(name) \(what)",
      more: [("revision", .string(revision.identifier))])
  }

  fileprivate func listRevisions() throws(StorageError) {
    let (pool, volume) = try volume()
    var list = try Listing(
      self, RevisionFacts.columns(), usual: ["id", "time", "capacity", "allocation"],
      optional: "pinned",
      json: (
        "vol-revisions",
        [("pool", .string(pool.name.text)), ("volume", .string(volume.name.text))], "revisions"
      ))
    try list.append(
      pool.lifecycleBackend().revisions(of: volume), RevisionFacts.columns(of: volume, in: pool))
    try list.end()
  }
}

extension RevisionFacts {
  /// Everything that is listed of revisions; without a volume there are no values of some.
  fileprivate static func columns(of volume: Volume? = nil, in pool: ActivePool? = nil)
    -> [Column<RevisionFacts>]
  {
    [
      Column("id", "what identifies it", heading: "Revision") { .string($0.revision.identifier) },
      Column("number", "its number, which counts up") {
        .integer(Int64($0.revision.number))
      },
      Column("time", "when it became one") { .time($0.revision.time) },
      Column("epoch", "the same, in seconds since 1970") { .integer($0.revision.time.seconds) },
      Column("capacity", "size of the disk", isSize: true) { .size($0.capacity) },
      Column("allocation", "space that is taken", isSize: true) { .size($0.allocation) },
      Column(
        "pinned", "whether it is kept however many newer ones there are", isUsual: { !$0.isPinned }
      ) { .boolean($0.isPinned) },
      Column("state_id", "which state it is", heading: "State") { facts in
        .text(pool.flatMap { volume?.stateID(in: $0, at: facts.revision)?.description })
      },
    ]
  }
}
