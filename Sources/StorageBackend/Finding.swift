import StorageModel

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
    case interruptedRename = "interrupted-rename"
    case orphanRecord = "orphan-record"
    case orphanRevision = "orphan-revision"
    case surplusRevisions = "surplus-revisions"
    case staleMarker = "stale-marker"
    case staleMount = "stale-mount"
    case staleKernelView = "stale-kernel-view"
    case unfinishedVolume = "unfinished-volume"
    case unfinishedChange = "unfinished-change"
    case suspendedDevice = "suspended-device"
    case incompleteContent = "incomplete-content"
    case staleSession = "stale-session"
    case missingDevice = "missing-device"
    case unexpectedContent = "unexpected-content"
    case foreignSession = "foreign-session"
    case foreignSnapshot = "foreign-snapshot"
    case sharedState = "shared-state"
    case changedState = "changed-state"
    case brokenReference = "broken-reference"
    case unreadable

    /// Whether repairing is safe without asking: nothing anybody could want back is removed.
    package var isRepairable: Bool {
      ![
        .uncommitted, .orphanRevision, .incompleteContent, .missingDevice, .unexpectedContent,
        .foreignSession, .foreignSnapshot, .sharedState, .changedState, .brokenReference,
        .unreadable,
      ].contains(self)
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
      case .interruptedRename: return "change of a volume's name that did not finish"
      case .orphanRecord: return "record of a volume that is not there"
      case .orphanRevision: return "revision of a volume whose committed state is not there"
      case .surplusRevisions:
        return "revisions beyond those that are kept, of a command that did not finish"
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
      case .unexpectedContent: return "content of a volume that keeps none, by its record"
      case .foreignSession: return "session of Qubes' driver that was never stopped"
      case .foreignSnapshot: return "working copy of a snapshot that another program started"
      case .sharedState: return "working copy of a volume that has the same file as another"
      case .changedState: return "working copy of a committed state that has changed since"
      case .brokenReference: return "image that needs a file which is not there"
      case .unreadable: return "cannot be looked at"
      }
    }

    /// What a repair did, in one word.
    package var repaired: String {
      switch self {
      case .staleKernelView: return "told"
      case .staleMount: return "unmounted"
      case .misplacedState: return "renamed"
      case .staleSession: return "ended"
      case .unfinishedChange, .interruptedRename: return "settled"
      case .suspendedDevice: return "resumed"
      default: return "removed"
      }
    }

    package var repair: String {
      switch self {
      case .orphanRevision: return "none: copy it if it is wanted, then remove it by hand"
      case .staleMount: return "unmount it"
      case .staleKernelView: return "tell the kernel"
      case .incompleteContent: return "none: import the content again, or delete the volume"
      case .surplusRevisions: return "remove them"
      case .misplacedState: return "give it its own name back"
      case .staleSession: return "end it"
      case .unfinishedChange: return "end its making, or remove it where nothing was made"
      case .suspendedDevice: return "resume it"
      case .interruptedRename: return "finish it, or give the volume its old name back"
      case .uncommitted, .missingDevice, .unexpectedContent, .foreignSession, .foreignSnapshot,
        .sharedState, .changedState, .brokenReference,
        .unreadable:
        return "none: somebody has to decide"
      default: return "remove it"
      }
    }
  }

  package let kind: Kind
  package let path: Path
  package let volume: VolumeName?
  /// What will be done about it.
  package let repair: String

  /// - Parameter advice: what will be done about this one, where that is not what is done about all of its kind.
  package init(_ kind: Kind, _ path: Path, volume: VolumeName?, advice: String? = nil) {
    self.kind = kind
    self.path = path
    self.volume = volume
    repair = advice ?? kind.repair
  }

  /// The working copy of a session that was never stopped.
  package static func uncommitted(_ path: Path, of volume: VolumeName, in pool: PoolName)
    -> Finding
  {
    let commit = NextCommand.line("vol-stop", volume, in: pool)
    let drop = NextCommand.line("vol-stop", volume, "--discard", in: pool)
    return Finding(
      .uncommitted, path, volume: volume,
      advice: "none: commit it with \(commit), or drop it with \(drop)")
  }

  /// Something that cannot be looked at, and why.
  package static func unreadable(_ path: Path, volume: VolumeName?, _ problem: String) -> Finding {
    let whose = volume.map { "volume '\($0)': " } ?? ""
    return Finding(.unreadable, path, volume: volume, advice: "none: \(whose)\(problem)")
  }

  /// Content that a command has left half done; a volume that was being made with it goes.
  package init(
    _ change: UnfinishedChange, _ path: Path, volume: VolumeName, in pool: PoolName
  ) {
    self =
      change.kind == .create
      ? Finding(.unfinishedVolume, path, volume: volume)
      : Contradiction.incompleteContent(of: volume, in: pool, change, at: path).finding(of: volume)
  }
}
