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
  var committed: LogicalVolume? { current ?? (isBeingNamed ? nil : backs.last?.volume) }

  /// Whether a volume is getting this name just now, or was when the change of its name was interrupted.
  var isBeingNamed: Bool { record?.renamedFrom != nil }

  /// Whether the committed state has only a revision's name.
  var isInterrupted: Bool { current == nil && !backs.isEmpty && !isBeingNamed }

  /// What stands for what is being changed, by the kind of volume.
  func working(_ kind: LifecycleKind) -> LogicalVolume? { kind == .volatile ? current : snap }

  /// The revisions, oldest first.
  ///
  /// Each is called by its epoch, which its name holds: others come and go beside it.
  var revisions: [(revision: Revision, volume: LogicalVolume)] {
    // While a commit is interrupted the newest is the committed state.
    (isInterrupted ? backs.dropLast() : backs[...]).map { (Revision(epoch: $0), $1) }
  }

  /// The state of a revision, nil where there is no such revision; without one the committed state.
  func state(at revision: Revision?) -> LogicalVolume? {
    guard let revision else { return committed }
    return revisions.first { $0.revision == revision }?.volume
  }

  /// The name of the next revision: later than every other that ever was, also where the clock was set back.
  func nextBack(now: Int64) -> String {
    let present = backs.map { Revision(epoch: $0.epoch) }
    let highest = (record ?? VolumeRecord()).highestNumber(among: present)
    return ThinFamily.backName(max(now, Int64(highest) + 1), of: name)
  }

  /// The record after revisions are gone, which are called so.
  func record(without gone: [String]) -> VolumeRecord {
    var record = record ?? VolumeRecord()
    let present = backs.map { (revision: Revision(epoch: $0.epoch), name: $0.volume.name) }
    record.letGo(
      of: present.filter { gone.contains($0.name) }.map(\.revision),
      among: present.map(\.revision))
    return record
  }

  /// The name of a revision.
  static func backName(_ epoch: Int64, of name: VolumeName) -> String {
    "\(name)-\(epoch)-back"
  }
}

/// Tags of the logical volumes themselves.
enum StateTag {
  /// On what was made here, not by Qubes' driver or a person.
  static let made = "cistern:made"
  /// On a revision that is kept however many newer ones there are.
  static let pinned = "cistern:pinned"
  /// What the tag of a state begins with; see `LogicalVolume.stateID`.
  static let state = "cistern:state:"
  /// On a state that was changed in place.
  static let unknownState = "\(state)none"

  static func state(_ identifier: StateID, _ size: ByteCount) -> String {
    "\(state)\(identifier):\(size.bytes)"
  }
}

/// What the name of a logical volume in a thin pool says it is.
enum ThinRole: Equatable {
  case current, working, importing
  case back(Int64)

  /// The role, and the volume it is played for.
  static func of(_ name: String) -> (ThinRole, VolumeName)? {
    func base(_ ending: String, _ role: ThinRole) -> (ThinRole, VolumeName)? {
      name.without(suffix: ending).flatMap { VolumeName(found: String($0)) }.map { (role, $0) }
    }
    if let found = base("-snap", .working) ?? base("-import", .importing) { return found }
    if let (base, number) = name.without(suffix: "-back")?.cut(atLast: "-"),
      let epoch = Int64(number), (0...Revision.largestEpoch).contains(epoch),
      let volume = VolumeName(found: String(base))
    {
      return (.back(epoch), volume)
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
