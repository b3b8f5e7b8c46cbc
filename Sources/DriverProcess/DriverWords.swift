import StorageBackend
import StorageModel

// How values of the model are written to a driver and read from it.

extension JSON {
  /// A size as drivers are told it: as text, because not every reader of JSON has numbers of 64 bits.
  static func bytes(_ size: ByteCount) -> JSON { .string(String(size.bytes)) }

  /// An object without the members that have no value.
  static func members(_ members: [(String, JSON?)]) -> JSON {
    .object(members.compactMap { name, value in value.map { (name, $0) } })
  }
}

extension PoolDefinition {
  /// The pool, without its secrets.
  var told: JSON {
    .members([
      ("name", .string(name.text)), ("uuid", .string(uuid.description)),
      ("type", .string(type.rawValue)), ("target", target.path.map { .string($0.text) }),
      ("permissions", target.permissions.told), ("source", source.told),
      (
        "options",
        .object(
          (lifecycle.process?.options ?? [:]).sorted { $0.key < $1.key }
            .map { ($0.text, .string($1)) })
      ),
      ("revisions_to_keep", .integer(Int64(lifecycle.effectiveRevisionsToKeep.number))),
    ])
  }
}

extension PoolSource {
  var told: JSON {
    .members([
      (
        "hosts",
        .array(
          hosts.map {
            .members([
              ("name", .string($0.name)), ("port", $0.port == 0 ? nil : .integer(Int64($0.port))),
            ])
          })
      ),
      ("devices", .array(devices.map { .string($0.path.text) })),
      ("dir", dir.map { .string($0.text) }), ("name", name.map { .string($0) }),
      ("format", format.map { .string($0) }), ("initiator", initiatorIQN.map { .string($0) }),
      (
        "auth",
        authentication.map {
          .members([("type", .string($0.kind.rawValue)), ("username", .string($0.username))])
        }
      ),
    ])
  }
}

extension Permissions {
  /// nil where nothing is said.
  var told: JSON? {
    guard !isEmpty else { return nil }
    return .members([
      ("mode", mode.map { .integer(Int64($0)) }), ("owner", owner.map { .integer(Int64($0)) }),
      ("group", group.map { .integer(Int64($0)) }), ("label", label.map { .string($0) }),
    ])
  }

  init(_ members: Members?) throws(DriverFault) {
    self.init()
    guard let members else { return }
    mode = try members.number("mode", 0...0o7777).map { UInt32($0) & 0o777 }
    owner = try members.number("owner", 0...0xffff_ffff).map { UInt32($0) }
    group = try members.number("group", 0...0xffff_ffff).map { UInt32($0) }
    label = try members.text("label")
  }
}

extension LifecycleSettings {
  /// What is set; nothing of what holds by itself.
  var told: JSON {
    .members([
      ("rw", isWritable.map { .boolean($0) }), ("snap_on_start", snapOnStart.map { .boolean($0) }),
      ("save_on_stop", saveOnStop.map { .boolean($0) }),
      ("revisions_to_keep", revisionsToKeep.map { .integer(Int64($0.number)) }),
      ("source", source.map { .string($0.text) }), ("ephemeral", ephemeral.map { .boolean($0) }),
    ])
  }

  init(_ members: Members?) throws(DriverFault) {
    self.init()
    guard let members else { return }
    isWritable = try members.flag("rw")
    snapOnStart = try members.flag("snap_on_start")
    saveOnStop = try members.flag("save_on_stop")
    revisionsToKeep = try members.number("revisions_to_keep", -1...1_000_000).map {
      $0 == -1 ? .disabled : .count(Int($0))
    }
    source = try members.volumeName("source")
    ephemeral = try members.flag("ephemeral")
  }
}

extension Revision {
  var told: JSON { .integer(Int64(number)) }
}

extension RevisionFacts {
  init(_ members: Members) throws(DriverFault) {
    let number = try members.needed(
      "number", members.number("number", 1...Int64(Revision.largestNumber)))
    let text = try members.needed("time", members.text("time"))
    guard let time = Timestamp(iso8601: text) else {
      throw DriverFault("the time '\(text)' is not as YYYY-MM-DDTHH:MM:SSZ")
    }
    self.init(
      revision: Revision(number: Int(number), time: time), capacity: try members.size("capacity"),
      allocation: try members.needed("allocation", members.size("allocation")),
      isPinned: try members.flag("pinned") ?? false)
  }
}
