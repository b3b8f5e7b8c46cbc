import StorageHost
import StorageModel
import StorageOS

/// What every kind of pool can do.
///
/// What only some can is in the protocols below; what a pool can do is told by which of them its
/// backend conforms to.
package protocol PoolBackend: Sendable {
  static var type: PoolType { get }
  /// The formats of sources and volumes of this type; what its documents may say where a backend does not narrow it.
  static var capabilities: PoolCapabilities { get }
  /// Whether it is the backend of a pool; of several that serve one, the first of the registry is taken.
  static func serves(_ pool: PoolDefinition) -> Bool

  init(_ pool: PoolDefinition, host: HostFolders)

  /// Makes the pool's storage reachable.
  func start(_ steps: Steps) throws(StorageError)
  /// Lets go of it; the data stays.
  func stop(_ steps: Steps) throws(StorageError)
  /// Lets go of what is left of storage that cannot be reached, waiting for nobody.
  func abandon(_ steps: Steps) throws(StorageError)
  /// Begins to ask whatever may be slow to answer, without waiting, so that several pools are waited for together.
  func beginReaching()
  /// Throws what keeps the pool's storage from being reached.
  func checkReachable() throws(StorageError)
  func sizes() throws(StorageError) -> PoolSizes

  /// All volumes, in no order. One that cannot be read is in the list with its `problem`.
  func volumes() throws(StorageError) -> VolumeListing
  /// One volume by its name, at the cost of one look-up; nil where there is none.
  func volume(_ name: VolumeName) throws(StorageError) -> Volume?
  /// The name of the volume that has this path or key, whether or not it exists; nil where none can.
  func volumeName(forPath path: Path) -> VolumeName?
  /// The path a volume of this name has, or would have.
  func path(of name: VolumeName) -> Path
  /// Permissions of the pool's target as they are; nil where there are none to read.
  func targetPermissions() -> Permissions?
}

extension PoolBackend {
  package static var capabilities: PoolCapabilities { PoolCapabilities(of: type) }
  package func abandon(_ steps: Steps) throws(StorageError) {}
  package func beginReaching() {}
  package static func serves(_ pool: PoolDefinition) -> Bool { pool.type == type }
}

/// Pools that can work while something is wrong with what they are made of.
package protocol DegradableBackend: PoolBackend {
  /// What is wrong with a pool that can be reached; nil where all is well.
  func impairment() throws(StorageError) -> String?
}

/// Pools that are reachable only between start and stop, and can be left so by a start or stop that was killed.
package protocol AttachingBackend: PoolBackend {
  /// Whether the storage is reachable now.
  func isAttached() throws(StorageError) -> Bool
  /// What a killed start or stop left of a pool that is not active; nil where it left nothing, or where it was not
  /// this program that made the storage reachable. Repairing it is stopping.
  func unfinishedStart() throws(StorageError) -> Finding?
}

/// Pools that can tell the names of their volumes without looking at each.
package protocol NamingBackend: PoolBackend {
  /// The names of all volumes, in no order. A name may turn out to be that of no volume.
  func volumeNames() throws(StorageError) -> [VolumeName]
  /// Those of some names whose volumes have a working copy, at the cost of a look for each.
  func namesWithWorkingCopy(among names: [VolumeName]) throws(StorageError) -> Set<VolumeName>
}

extension NamingBackend {
  /// For backends to which a listing costs little more than the names.
  package func namesWithWorkingCopy(
    among names: [VolumeName]
  ) throws(StorageError) -> Set<VolumeName> {
    Set(try volumes().volumes.filter(\.hasWorkingCopy).map(\.name)).intersection(names)
  }
}

/// Pools whose source or target can be made and destroyed.
package protocol BuildingBackend: PoolBackend {
  func build(overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError)
  func delete(_ steps: Steps) throws(StorageError)
}

/// Pools whose storage changes only when somebody looks for changes: units that a target has added.
package protocol RefreshingBackend: PoolBackend {
  /// Looks for what is new or has another size.
  func refresh(_ steps: Steps) throws(StorageError)
}

/// Whose use of a file counts.
package enum FileUsers: Sendable { case writers, anyone }

/// What to do about data that is there already when a pool is built.
package enum OverwritePolicy: Sendable { case unspecified, refuse, overwrite }

/// Pools whose source has more to tell than its definition: free parts of devices, the format that was found.
package protocol SourceBackend: PoolBackend {
  /// The source as it is on the machine.
  func foundSource() throws(StorageError) -> PoolSource
}

/// Pools whose volumes' contents can be reached: handed out, imported, exported.
///
/// This is all that a volume needs which changes in place; such volumes are the only ones of a pool that is no
/// `LifecycleBackend`.
package protocol ContentBackend: PoolBackend {
  /// The path of the device of a started volume.
  func devicePath(of volume: Volume) -> Path
  func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Puts the content that `fill` writes in the place of the committed state, which becomes a revision where
  /// revisions are kept. Files get the new size; devices keep theirs, and read as zeroes behind the content.
  /// - Parameter size: how many bytes `fill` writes, so that what has no room is refused beforehand.
  func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError)
  /// Whether `replaceCommitted` leaves the volume as it was when `fill` throws; otherwise it writes over the content.
  var replacesAtomically: Bool { get }
  /// Lets `change` write into the committed state in place, and brings that to disk.
  ///
  /// A size is changed by nobody, except that an image of a format other than raw may grow. Only of volumes that
  /// change in place: a state that others hold on to is replaced.
  func changeCommitted(
    of volume: Volume, _ steps: Steps, _ change: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError)
  /// Opens the committed state, or a revision, for reading. Stays readable whatever happens to its name.
  func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError) -> Descriptor
  /// Stores properties. They hold from the next start.
  func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  /// Remembers which sectors the content is made for, where that is not the device's own affair; nil means the usual
  /// ones.
  func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Who has the volume open, as `COMMAND (pid N)`, or uses it otherwise.
  func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String]
  /// Claims the volume's images in QEMU's own way, for as long as the result lives.
  /// - Throws: `busy` where a running QEMU has one.
  func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError) -> [Descriptor]
  /// Removes what an interrupted command on this volume left, as far as that needs no decision.
  func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError)
}

extension ContentBackend {
  package func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {}

  package var replacesAtomically: Bool { false }

  /// For volumes that are devices: `O_EXCL` refuses one that is mounted or otherwise held.
  package func changeCommitted(
    of volume: Volume, _ steps: Steps, _ change: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let path = devicePath(of: volume)
    try steps.run("write into '\(path)'") { () throws(StorageError) in
      let device = try Descriptor(opening: path, flags: Descriptor.exclusiveWriting)
      try change(device)
      try device.syncData()
    }
  }

  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [Descriptor]
  { [] }
}

/// Pools whose volumes have the whole life cycle: working copies and revisions.
package protocol LifecycleBackend: VolumeBackend, ContentBackend {
  func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Makes the device of a working copy that a crash left appear again; nothing where it is a file.
  func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  func copySource(_ source: Volume, to volume: Volume, _ steps: Steps) throws(StorageError)
  func commit(_ volume: Volume, _ steps: Steps) throws(StorageError)
  /// Does what may wait until several volumes are committed and is cheaper then; nothing is lost where it is not done.
  func finishCommits(_ steps: Steps)
  func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError)
  func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError)
  func revert(_ volume: Volume, to revision: Revision, _ steps: Steps) throws(StorageError)

  /// Makes an empty committed state of the volume's capacity, for a volume that begins to keep state.
  func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Removes the committed state of a volume that no longer keeps any.
  func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Whether the committed state is anything but zeroes never written.
  func hasData(_ volume: Volume) throws(StorageError) -> Bool

  /// Oldest first.
  func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts]
  /// The volumes whose records name `source` as their source.
  func dependents(of source: VolumeName) throws(StorageError) -> [VolumeName]
}

extension LifecycleBackend {
  package func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {}
  package func finishCommits(_ steps: Steps) {}
}

/// Pools that can tell and remove what crashes leave.
package protocol CheckingBackend: PoolBackend {
  /// Every left-over, by path. `isStarted` tells whether a volume was started this boot.
  func findings(isStarted: (VolumeName) -> Bool) throws(StorageError) -> [Finding]
  func repair(_ finding: Finding, _ steps: Steps) throws(StorageError)
  /// Whether somebody has the file of a finding open, so that it may be work in progress.
  func isInUse(_ finding: Finding) throws(StorageError) -> Bool
}

/// A left-over, and what will be done about it.
package struct Finding: Equatable, Sendable {
  package enum Kind: String, CaseIterable, Sendable {
    case temporary
    case unfinishedImport = "import"
    case stalePrecache = "stale-precache"
    case staleWorkingCopy = "stale-working-copy"
    case uncommitted
    case interruptedCommit = "interrupted-commit"
    case misplacedState = "misplaced-state"
    case interruptedDelete = "interrupted-delete"
    case orphanRecord = "orphan-record"
    case orphanRevision = "orphan-revision"
    case staleMarker = "stale-marker"
    case staleMount = "stale-mount"
    case staleKernelView = "stale-kernel-view"
    case unfinishedVolume = "unfinished-volume"
    case unfinishedChange = "unfinished-change"
    case suspendedDevice = "suspended-device"
    case incompleteContent = "incomplete-content"
    case staleSession = "stale-session"
    case missingDevice = "missing-device"

    /// Whether repairing is safe without asking: nothing anybody could want back is removed.
    package var isRepairable: Bool {
      ![.uncommitted, .orphanRevision, .incompleteContent, .missingDevice].contains(self)
    }

    package var explanation: String {
      switch self {
      case .temporary: return "temporary file of a command that did not finish"
      case .unfinishedImport: return "data of an import that did not finish"
      case .stalePrecache:
        return "prepared working copy of a state that is no longer the committed one"
      case .staleWorkingCopy: return "working copy of a volume that keeps nothing, not started"
      case .uncommitted: return "working copy of a session that was never stopped"
      case .interruptedCommit:
        return "second name of the committed state, from a commit that did not finish"
      case .misplacedState:
        return "committed state under a revision's name, from a change that did not finish"
      case .interruptedDelete: return "part of a volume whose deletion did not finish"
      case .orphanRecord: return "record of a volume that is not there"
      case .orphanRevision: return "revision of a volume whose committed state is not there"
      case .staleMarker: return "says that a volume is started which is not"
      case .staleMount: return "mounted by a start or stop of the pool that did not finish"
      case .staleKernelView:
        return "partition that the kernel knows otherwise than the table has it"
      case .unfinishedVolume: return "new volume whose content was not copied to its end"
      case .unfinishedChange:
        return "new volume that LVM knows and the kernel was not told of to the end"
      case .suspendedDevice: return "suspended by a command of LVM's that did not finish"
      case .incompleteContent: return "content half overwritten by a command that did not finish"
      case .staleSession: return "session of a start or stop of the pool that did not finish"
      case .missingDevice: return "lies on a device of the volume group that is not there"
      }
    }

    /// What a repair did, in one word.
    package var repaired: String {
      switch self {
      case .staleKernelView: return "told"
      case .staleMount: return "unmounted"
      case .misplacedState: return "renamed"
      case .staleSession: return "ended"
      case .unfinishedChange: return "settled"
      case .suspendedDevice: return "resumed"
      default: return "removed"
      }
    }

    package var repair: String {
      switch self {
      case .uncommitted: return "none: commit it with vol-stop, or drop it with vol-stop --discard"
      case .orphanRevision: return "none: copy it if it is wanted, then remove it by hand"
      case .staleMount: return "unmount it"
      case .staleKernelView: return "tell the kernel"
      case .incompleteContent: return "none: import the content again, or delete the volume"
      case .misplacedState: return "give it its own name back"
      case .staleSession: return "end it"
      case .unfinishedChange: return "end its making, or remove it where nothing was made"
      case .suspendedDevice: return "resume it"
      case .missingDevice:
        return "none: bring it back (vgextend --restoremissing), or vgreduce --removemissing"
      default: return "remove it"
      }
    }
  }

  package let kind: Kind
  package let path: Path
  package let volume: VolumeName?

  package init(_ kind: Kind, _ path: Path, volume: VolumeName?) {
    self.kind = kind
    self.path = path
    self.volume = volume
  }
}

/// Pools that can be given more devices.
package protocol ExtendingBackend: PoolBackend {
  /// Adds devices; those that carry something are refused unless they may be overwritten.
  func extend(by devices: [Path], overwrite: OverwritePolicy, _ steps: Steps) throws(StorageError)
}
