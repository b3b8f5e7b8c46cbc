/// Where a volume is in its life.
package enum LifecycleState: String, CaseIterable, Sendable {
  /// Nothing under that name, or a record whose committed state is gone.
  case absent
  /// Stopped; a volume that saves has its committed state, the others have nothing on disk.
  case clean
  /// Started this boot.
  case running
  /// A working copy is left of a session that was never stopped.
  case dirty
}

/// What can be asked of a volume.
package enum LifecycleEvent: String, CaseIterable, Sendable {
  case create, start, stop, discard, revert
  /// Makes the present content of the session the committed state; the session goes on.
  case commit
  /// Revert that first drops an uncommitted session.
  case revertDiscarding
  case resize, importData, export
  /// Change of rw, source, the flags, or of whether revisions are kept at all.
  case configure
  /// Change of the number of revisions only.
  case configureRetention
  case rename, remove
}

/// One step of a transition; the backend knows how.
package enum LifecycleAction: String, Sendable {
  case create
  /// Working copy of the own committed state.
  case makeWorkingCopy
  /// Working copy full of zeroes.
  case makeEmptyWorkingCopy
  /// Working copy of the source's committed state.
  case copySource
  /// Lets the working copy of an interrupted session be the device again, as it is.
  case continueWorkingCopy
  /// Lets the committed state itself be the device.
  case exposeCommitted
  /// The reverse of `exposeCommitted`.
  case concealCommitted
  /// Committed state to a revision, working copy to committed state, prune.
  case commit
  /// Committed state to a revision, a copy of the working copy to committed state, prune; the working copy stays.
  case commitCopy
  case dropWorkingCopy, dropRevisions
  case revert
  /// Resizes what is committed, or the recorded size of a volume without.
  case resizeCommitted
  case resizeWorkingCopy
  case replaceCommitted
  case rename, remove
}

/// Why an event is refused in a state.
package enum LifecycleRefusal: String, Error, CaseIterable, Sendable {
  case alreadyExists, missing, alreadyStarted, uncommitted, noCommittedState, revisionsDisabled
  case nothingToDiscard, nothingToCommit, readOnly, followsSource, changingInPlace, stopFirst

  /// The problem in words, and its kind.
  package var error: (code: StorageError.Code, problem: String) {
    switch self {
    case .alreadyExists: return (.exists, "exists already")
    case .missing: return (.notFound, "has no committed state")
    case .alreadyStarted: return (.busy, "is already started; stop it first")
    case .uncommitted:
      return (.busy, "has an uncommitted session; stop it, or drop the session with --discard")
    case .noCommittedState:
      return (.unsupported, "keeps no state of its own (save_on_stop is no)")
    case .revisionsDisabled: return (.unsupported, "keeps no revisions (revisions_to_keep is -1)")
    case .nothingToDiscard:
      return (.unsupported, "changes in place (revisions_to_keep is -1): nothing can be discarded")
    case .nothingToCommit:
      return (
        .unsupported,
        "changes in place (revisions_to_keep is -1): what is written is committed already"
      )
    case .readOnly: return (.permission, "is read-only (rw is no)")
    case .followsSource: return (.unsupported, "has the size of its source; resize that")
    case .changingInPlace:
      return (.busy, "is started and changes in place (revisions_to_keep is -1); stop it first")
    case .stopFirst: return (.busy, "is started or has an uncommitted session; stop it first")
    }
  }
}

/// The life cycle of volumes, one meaning for every backend.
///
/// A pure function of kind, writability, state and event. `docs/life-cycle.md` shows the table.
package struct Lifecycle: Sendable {
  package let kind: LifecycleKind
  package let isWritable: Bool

  package init(kind: LifecycleKind, isWritable: Bool) {
    self.kind = kind
    self.isWritable = isWritable
  }

  package init(_ properties: LifecycleProperties) {
    self.init(kind: properties.kind, isWritable: properties.isWritable)
  }

  /// What an event leads to.
  package struct Transition: Equatable, Sendable {
    package let state: LifecycleState
    /// In the order in which they must happen; empty where nothing has to.
    package let actions: [LifecycleAction]
  }

  /// The transition for `event` in `state`.
  /// - Throws: why the event is refused; then nothing may be changed.
  package func transition(_ event: LifecycleEvent, in state: LifecycleState)
    throws(LifecycleRefusal) -> Transition
  {
    if event == .create {
      guard state == .absent else { throw .alreadyExists }
      return Transition(state: .clean, actions: [.create])
    }
    guard state != .absent else { throw .missing }
    switch event {
    case .create: throw .alreadyExists
    case .start: return Transition(state: .running, actions: try start(in: state))
    case .stop: return Transition(state: .clean, actions: state == .clean ? [] : stop())
    case .discard:
      guard state != .clean else { return Transition(state: .clean, actions: []) }
      guard kind != .inPlace else { throw .nothingToDiscard }
      return Transition(state: .clean, actions: [.dropWorkingCopy])
    case .commit: return Transition(state: state, actions: try commitCopy(in: state))
    case .revert, .revertDiscarding:
      return Transition(state: .clean, actions: try revert(event, in: state))
    case .resize: return Transition(state: state, actions: try resize(in: state))
    case .importData:
      guard kind.savesState else { throw .noCommittedState }
      guard state == .clean else { throw .stopFirst }
      return Transition(state: .clean, actions: [.replaceCommitted])
    case .export:
      guard kind.savesState else { throw .noCommittedState }
      guard kind != .inPlace || state == .clean else { throw .changingInPlace }
      return Transition(state: state, actions: [])
    case .configure:
      guard state == .clean else { throw .stopFirst }
      return Transition(state: state, actions: [])
    case .configureRetention: return Transition(state: state, actions: [])
    case .rename:
      guard state == .clean else { throw .stopFirst }
      return Transition(state: state, actions: [.rename])
    case .remove:
      guard state != .running else { throw .alreadyStarted }
      return Transition(state: .absent, actions: [.remove])
    }
  }

  /// The state after the machine lost power or the session's end was never told.
  package func afterCrash(in state: LifecycleState) -> LifecycleState {
    state == .running ? .dirty : state
  }

  private func start(in state: LifecycleState) throws(LifecycleRefusal) -> [LifecycleAction] {
    guard state != .running else { throw .alreadyStarted }
    switch (kind, state) {
    case (.volatile, .dirty): return [.dropWorkingCopy, .makeEmptyWorkingCopy]
    case (.volatile, _): return [.makeEmptyWorkingCopy]
    case (.snapshot, .dirty): return [.dropWorkingCopy, .copySource]
    case (.snapshot, _): return [.copySource]
    // What was not committed continues: nothing is lost, nothing discarded.
    case (.origin, .dirty), (.originSnapshot, .dirty): return [.continueWorkingCopy]
    case (.inPlace, .dirty): return []
    case (.origin, _): return [.makeWorkingCopy]
    case (.originSnapshot, _): return [.copySource]
    case (.inPlace, _): return [.dropRevisions, .exposeCommitted]
    }
  }

  private func stop() -> [LifecycleAction] {
    switch kind {
    case .volatile, .snapshot: return [.dropWorkingCopy]
    case .inPlace: return [.concealCommitted]
    // A read-only volume cannot have changed; whatever its device says is not committed.
    case .origin, .originSnapshot: return isWritable ? [.commit] : [.dropWorkingCopy]
    }
  }

  private func commitCopy(in state: LifecycleState) throws(LifecycleRefusal) -> [LifecycleAction] {
    guard kind.savesState else { throw .noCommittedState }
    guard kind != .inPlace else { throw .nothingToCommit }
    guard state != .clean else { return [] }
    guard isWritable else { throw .readOnly }
    return [.commitCopy]
  }

  private func revert(_ event: LifecycleEvent, in state: LifecycleState)
    throws(LifecycleRefusal) -> [LifecycleAction]
  {
    guard kind.savesState else { throw .noCommittedState }
    guard kind != .inPlace else { throw .revisionsDisabled }
    if state == .clean { return [.revert] }
    guard event == .revertDiscarding else { throw .uncommitted }
    return [.dropWorkingCopy, .revert]
  }

  private func resize(in state: LifecycleState) throws(LifecycleRefusal) -> [LifecycleAction] {
    guard isWritable else { throw .readOnly }
    // What a volume without a state of its own is like is only in its record. That comes first: its size is seen by the
    // working copy, and once that has the new one, nothing tells that the record has not.
    if state != .clean, kind == .volatile { return [.resizeCommitted, .resizeWorkingCopy] }
    if state != .clean { return [.resizeWorkingCopy] }
    guard kind != .snapshot else { throw .followsSource }
    return [.resizeCommitted]
  }
}
