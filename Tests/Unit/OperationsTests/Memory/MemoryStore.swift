import StorageBackend
import StorageModel
import StorageOS

/// What a pool in memory holds, whichever command's backend looks at it; and the place where its calls are made to fail.
final class MemoryStore: @unchecked Sendable {
  // Unchecked: a test has one thread.

  /// A state, in a file of memory.
  struct State {
    let file: Descriptor
    var identifier = StateID.random()

    /// An empty one.
    init(_ size: ByteCount) throws(StorageError) { file = try Descriptor(hole: size) }

    /// A copy of another one.
    init(copying other: State) throws(StorageError) {
      try self.init(other.size())
      try Copy.contents(of: other.opened(), to: file, progress: nil)
    }

    func size() throws(StorageError) -> ByteCount { try file.status().size }

    /// Where whoever has the path reaches it.
    var path: Path { Path("/proc/self/fd/\(file.number)") }

    func opened() throws(StorageError) -> Descriptor { try Descriptor(reading: path) }
  }

  struct Former {
    let revision: Revision
    let state: State
    var isPinned = false
  }

  struct Entry {
    var settings: LifecycleSettings
    /// Of a volume that has no state.
    var size: ByteCount
    var committed: State?
    var working: State?
    /// The source's state that a snapshot was begun from.
    var begunFrom: StateID?
    var revisions: [Former] = []
    var lastNumber = 0
  }

  /// The error of a call that is made to fail.
  static let failure = StorageError(.inputOutput, "memory", "fails as the test wants")

  var entries: [VolumeName: Entry] = [:]
  var isBuilt = false
  /// Who has a volume open.
  var holders: [VolumeName: [String]] = [:]
  /// Whether two volumes can share a state's blocks.
  var sharing = Sharing.onRequest
  /// Every call since the last `begin`, in order.
  private(set) var calls: [String] = []
  private var failing: Int?

  /// Forgets the calls that were made.
  /// - Parameter failing: which of those to come fails, counted from 1.
  func begin(failing: Int? = nil) {
    calls = []
    self.failing = failing
  }

  /// A call of the backend's, before anything of it is done.
  func reach(_ call: String) throws(StorageError) {
    calls.append(call)
    if calls.count == failing { throw MemoryStore.failure }
  }

  func entry(_ name: VolumeName) throws(StorageError) -> Entry {
    guard let entry = entries[name] else {
      throw StorageError(.notFound, "volume '\(name)'", "is not in memory")
    }
    return entry
  }

  /// Changes a volume in one instant.
  func change(_ name: VolumeName, _ body: (inout Entry) throws(StorageError) -> Void)
    throws(StorageError)
  {
    var entry = try self.entry(name)
    try body(&entry)
    entries[name] = entry
  }
}

extension MemoryStore.Entry {
  /// Makes a state the committed one, and the present one a revision.
  /// - Parameter keep: how many revisions stay; nil keeps all.
  mutating func commit(_ state: MemoryStore.State, keep: Int?) {
    if let committed, keep != 0 {
      lastNumber += 1
      let revision = Revision(number: lastNumber, time: Timestamp(seconds: Int64(lastNumber)))
      revisions.append(.init(revision: revision, state: committed))
    }
    committed = state
    if let keep { prune(keep) }
  }

  /// Lets go of the oldest revisions that are not pinned, so that `keep` others stay.
  mutating func prune(_ keep: Int) {
    let loose = revisions.filter { !$0.isPinned }.dropLast(keep).map(\.revision)
    revisions.removeAll { loose.contains($0.revision) }
  }

  func state(at revision: Revision?) -> MemoryStore.State? {
    guard let revision else { return committed }
    return revisions.first { $0.revision == revision }?.state
  }
}
