import StorageConf
import StorageModel
import VolumeGroups

/// The logical volumes that one volume of a thin pool is made of, as Qubes' driver `lvm_thin` names them.
///
/// `NAME` is the committed state, or the device of a volatile volume; `NAME-snap` the working copy of the others;
/// `NAME-import` what is being imported; `NAME-EPOCH-back` a revision, EPOCH the second in which it became one. Source:
/// qubes-core-admin 4.4, storage/lvm.
struct ThinFamily {
  let name: VolumeName
  var current: LogicalVolume?
  var snap: LogicalVolume?
  var importing: LogicalVolume?
  /// Oldest first.
  var backs: [(epoch: Int64, volume: LogicalVolume)] = []
  /// What its thin pool remembers of it.
  var record: VolumeRecord?
  /// Why the record cannot be read.
  var recordProblem: String?

  init(_ name: VolumeName) { self.name = name }

  /// All of them.
  var parts: [LogicalVolume] { [current, snap, importing].compactMap { $0 } + backs.map(\.volume) }

  /// The committed state: under its own name, or, where a commit was interrupted between its two renames, the newest
  /// revision.
  ///
  /// That is the rule of Qubes' driver as well.
  var committed: LogicalVolume? { current ?? backs.last?.volume }

  /// Whether the committed state has only a revision's name.
  var isInterrupted: Bool { current == nil && !backs.isEmpty }

  /// What stands for what is being changed, by the kind of volume.
  func working(_ kind: LifecycleKind) -> LogicalVolume? { kind == .volatile ? current : snap }

  /// The revisions, oldest first.
  ///
  /// A state's number is in its tag; one that Qubes' driver made has none, and counts on from the one before it.
  var revisions: [(revision: Revision, volume: LogicalVolume)] {
    var number = 0
    // While a commit is interrupted the newest is the committed state.
    return (isInterrupted ? backs.dropLast() : backs[...]).map { epoch, volume in
      number = max(number + 1, StateTag.number(in: volume.tags) ?? 0)
      return (Revision(number: number, time: Timestamp(seconds: epoch)), volume)
    }
  }

  /// The number that the next state gets.
  var nextNumber: Int {
    let last = revisions.last?.revision.number ?? 0
    let own = committed.map { max(last + 1, StateTag.number(in: $0.tags) ?? 0) } ?? 0
    return max(own, last) + 1
  }

  /// The name of the next revision: later than every other, also where the clock was set back.
  func nextBack(now: Int64) -> String {
    "\(name)-\(max(now, (backs.last?.epoch ?? 0) + 1))-back"
  }
}

/// The tag that numbers a state: `cistern:state=N`.
enum StateTag {
  private static let prefix = "cistern:state="

  static func text(_ number: Int) -> String { prefix + String(number) }

  static func number(in tags: [String]) -> Int? {
    guard let tag = tags.first(where: { $0.hasPrefix(prefix) }),
      let number = Int(tag.dropFirst(prefix.count)), (1...Revision.largestNumber).contains(number)
    else { return nil }
    return number
  }
}

/// What the name of a logical volume in a thin pool says it is.
enum ThinRole: Equatable {
  case current, working, importing
  case back(Int64)

  /// The role, and the volume it is played for.
  static func of(_ name: String) -> (ThinRole, VolumeName)? {
    func base(_ ending: String, _ role: ThinRole) -> (ThinRole, VolumeName)? {
      guard name.hasSuffix(ending) else { return nil }
      return VolumeName(found: String(name.dropLast(ending.utf8.count))).map { (role, $0) }
    }
    if let found = base("-snap", .working) ?? base("-import", .importing) { return found }
    if name.hasSuffix("-back") {
      let rest = name.dropLast(5)
      if let dash = rest.lastIndex(of: "-"), let epoch = Int64(rest[rest.index(after: dash)...]),
        epoch >= 0, let volume = VolumeName(found: String(rest[..<dash]))
      {
        return (.back(epoch), volume)
      }
    }
    return VolumeName(found: name).map { (.current, $0) }
  }
}

extension VolumeGroup {
  /// All volumes of a thin pool, by name.
  func families(inThinPool thin: String) -> [VolumeName: ThinFamily] {
    var found: [VolumeName: ThinFamily] = [:]
    for volume in volumes.values where volume.thinPool == thin && !volume.isInternal {
      guard let (role, name) = ThinRole.of(volume.name) else { continue }
      found[name, default: ThinFamily(name)].add(volume, as: role)
    }
    let tags = volumes[thin]?.tags ?? []
    for tag in tags {
      guard let name = RecordTag.names(in: [tag]).first else { continue }
      found[name, default: ThinFamily(name)].read(tag)
    }
    for name in found.keys { found[name]?.sort() }
    return found
  }

  /// One volume of a thin pool; nil where nothing of it is there.
  func family(_ name: VolumeName, inThinPool thin: String) -> ThinFamily? {
    var family = ThinFamily(name)
    var isThere = false
    for volume in volumes.values
    where volume.thinPool == thin && !volume.isInternal && volume.name.hasPrefix(name.text) {
      guard let (role, owner) = ThinRole.of(volume.name), owner == name else { continue }
      family.add(volume, as: role)
      isThere = true
    }
    if let tag = RecordTag.tag(of: name, in: volumes[thin]?.tags ?? []) {
      family.read(tag)
      isThere = true
    }
    family.sort()
    return isThere ? family : nil
  }
}

extension ThinFamily {
  fileprivate mutating func add(_ volume: LogicalVolume, as role: ThinRole) {
    switch role {
    case .current: current = volume
    case .working: snap = volume
    case .importing: importing = volume
    case .back(let epoch): backs.append((epoch, volume))
    }
  }

  fileprivate mutating func read(_ tag: String) {
    do throws(StorageError) { record = try RecordTag.record(tag) } catch {
      recordProblem = error.text
    }
  }

  fileprivate mutating func sort() { backs.sort { $0.epoch < $1.epoch } }
}
