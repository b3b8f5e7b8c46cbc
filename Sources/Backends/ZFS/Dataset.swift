import StorageModel

/// A file system, a volume or a snapshot as `zfs list` tells it.
struct Dataset: Equatable {
  enum Kind: String { case filesystem, volume, snapshot }

  var name: String
  var kind: Kind
  /// The size of a volume, or that a snapshot's volume had.
  var size: ByteCount = 0
  /// The unit of its sizes.
  var block: ByteCount = 0
  /// All that it takes, with its snapshots and what is reserved for it.
  var used: ByteCount = 0
  var available: ByteCount = 0
  /// What its own content takes.
  var referenced: ByteCount = 0
  /// What is reserved for a volume that is not sparse.
  var reserved: ByteCount = 0
  var creation: Int64 = 0
  /// The transaction group that made it: it only grows, and no two snapshots of a volume have the same.
  var transaction: Int64 = 0
  var guid = ""
  /// The snapshot that it is a clone of.
  var origin: String?
  var clones: [String] = []
  /// Whether a snapshot goes as soon as nobody holds on to it.
  var isGoing = false
  /// How many holds a snapshot has.
  var holds = 0
  /// What was written to a volume since its latest snapshot.
  var written: ByteCount = 0
  var showsSnapshots = false
  /// Properties that users can give any dataset; snapshots show their volume's.
  var dirty: String?
  var record: String?
  var state: String?
  var pinned: String?
  var madeFor: String?

  /// The dataset that a snapshot is of, and what it is called there; nil of all others.
  var snapshot: (of: String, name: String)? {
    name.cut(at: "@").map { (String($0.before), String($0.after)) }
  }

  /// The columns that are asked for, in the order in which `init` reads them.
  static let columns = [
    "name", "type", "volsize", "volblocksize", "used", "available", "referenced",
    "refreservation", "creation", "createtxg", "guid", "origin", "clones", "defer_destroy",
    "userrefs", "written", "snapdev", UserProperty.dirty, UserProperty.record,
    UserProperty.state, UserProperty.pinned, UserProperty.folder,
  ]

  /// Reads one line of `zfs list -Hp`; nil for what is none.
  init?(_ fields: [String]) {
    guard fields.count == Dataset.columns.count, let kind = Kind(rawValue: fields[1]) else {
      return nil
    }
    // What a dataset has not got is a dash.
    let values = fields.map { $0 == "-" ? nil : $0 }
    func size(_ index: Int) -> ByteCount? {
      guard let text = values[index] else { return 0 }
      return Int64(text).map { ByteCount($0) }
    }
    guard let size = size(2), let block = Dataset.blockSize(values[3]), let used = Int64(fields[4]),
      let creation = Int64(fields[8]), let transaction = Int64(fields[9])
    else { return nil }
    name = fields[0]
    self.kind = kind
    self.size = size
    self.block = block
    self.used = ByteCount(used)
    available = ByteCount(values[5].flatMap { Int64($0) } ?? 0)
    referenced = ByteCount(values[6].flatMap { Int64($0) } ?? 0)
    reserved = ByteCount(values[7].flatMap { Int64($0) } ?? 0)
    self.creation = creation
    self.transaction = transaction
    guid = fields[10]
    origin = values[11]
    clones = values[12].map { $0.split(separator: ",").map(String.init) } ?? []
    isGoing = values[13] == "on"
    holds = values[14].flatMap { Int($0) } ?? 0
    written = ByteCount(values[15].flatMap { Int64($0) } ?? 0)
    showsSnapshots = values[16] == "visible"
    dirty = values[17]
    record = values[18]
    state = values[19]
    pinned = values[20]
    madeFor = values[21]
  }

  private static func blockSize(_ text: String?) -> ByteCount? {
    guard let text else { return 0 }
    return Int64(text).map { ByteCount($0) }
  }
}

/// Properties that users give datasets.
///
/// Those of Qubes' driver `zfs` have the names that it gives them
/// (qubes-core-admin 4.3, storage/zfs.py), so that both can work with a pool.
enum UserProperty {
  /// `on` while a volume has a session.
  static let dirty = "org.qubes:dirty"
  /// On a container whose volumes are one of Qubes' pools.
  static let isPool = "org.qubes-os:part-of-qvm-pool"
  /// What programs that make snapshots at times look at.
  static let automatic = "com.sun:auto-snapshot"
  /// A volume's record: see `RecordProperty`.
  static let record = "cistern:volume"
  /// On a snapshot: which state it holds, where that is not its own guid.
  static let state = "cistern:state"
  /// On a file system that is only a part of volumes' names: its own name, because what is below it shows the property too.
  static let folder = "cistern:folder"
  /// On a snapshot: kept however many newer ones there are.
  static let pinned = "cistern:pinned"
}
