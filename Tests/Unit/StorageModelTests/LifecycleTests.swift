import StorageModel
import Testing

@Suite("The life cycle of volumes")
struct LifecycleTests {
  /// The outcome as the table writes it.
  static func outcome(
    _ kind: LifecycleKind, _ isWritable: Bool, _ event: LifecycleEvent, _ state: LifecycleState
  ) -> String {
    do throws(LifecycleRefusal) {
      let transition = try Lifecycle(kind: kind, isWritable: isWritable).transition(
        event, in: state)
      let actions = transition.actions.map(\.rawValue).joined(separator: ", ")
      return transition.state.rawValue + (actions.isEmpty ? "" : ": " + actions)
    } catch {
      return "refused \(error.rawValue)"
    }
  }

  @Test("every event in every state does what the table says", arguments: LifecycleTable.cells)
  func table(cell: LifecycleTable.Cell) {
    #expect(
      Self.outcome(cell.kind, cell.isWritable, cell.event, cell.state) == cell.outcome,
      "\(cell.place)")
  }

  @Test("the table has each combination of kind, rw, state and event exactly once")
  func coverage() {
    var wanted: Set<String> = []
    for kind in LifecycleKind.allCases {
      for isWritable in [true, false] {
        for event in LifecycleEvent.allCases {
          for state in LifecycleState.allCases {
            wanted.insert("\(kind.rawValue) \(isWritable ? "rw" : "ro") \(event) in \(state)")
          }
        }
      }
    }
    let present = LifecycleTable.cells.map(\.place)
    #expect(Set(present) == wanted)
    #expect(present.count == wanted.count)
    #expect(wanted.count == 560)
  }

  @Test("a refusal leaves nothing to do and has its own words and kind of error")
  func refusals() {
    let kinds: [LifecycleRefusal: StorageError.Code] = [
      .alreadyExists: .exists, .missing: .notFound, .alreadyStarted: .busy, .uncommitted: .busy,
      .noCommittedState: .unsupported, .revisionsDisabled: .unsupported,
      .nothingToDiscard: .unsupported, .nothingToCommit: .unsupported, .readOnly: .permission,
      .followsSource: .unsupported,
      .changingInPlace: .busy, .stopFirst: .busy,
    ]
    for refusal in LifecycleRefusal.allCases {
      #expect(refusal.error.code == kinds[refusal], "\(refusal)")
      #expect(!refusal.error.problem.isEmpty)
    }
    let words = Set(LifecycleRefusal.allCases.map(\.error.problem))
    #expect(words.count == LifecycleRefusal.allCases.count)
  }

  @Test("a crash turns running into dirty and changes nothing else")
  func crash() {
    for kind in LifecycleKind.allCases {
      let lifecycle = Lifecycle(kind: kind, isWritable: true)
      let after = LifecycleState.allCases.map { lifecycle.afterCrash(in: $0) }
      #expect(after == [.absent, .clean, .dirty, .dirty])
    }
  }

  @Test(
    "nothing but an explicit stop commits, and nothing but a discard or a removal drops a session")
  func sessionsAreSafe() {
    for cell in LifecycleTable.cells where cell.kind.savesState && cell.isWritable {
      if cell.outcome.contains("commit,") || cell.outcome.hasSuffix(": commit") {
        #expect(cell.event == .stop, "\(cell)")
      }
      if cell.outcome.contains("dropWorkingCopy") {
        #expect([.discard, .revertDiscarding].contains(cell.event), "\(cell)")
      }
    }
  }

  /// A walk through states, one event after the other.
  struct Walk: Sendable, CustomTestStringConvertible {
    let kind: LifecycleKind
    let events: [LifecycleEvent]
    let actions: [LifecycleAction]
    var testDescription: String { "\(kind.rawValue): \(events)" }
  }

  @Test(
    "a volume's whole life ends where it began",
    arguments: [
      Walk(
        kind: .origin, events: [.create, .start, .resize, .export, .stop, .revert, .remove],
        actions: [.create, .makeWorkingCopy, .resizeWorkingCopy, .commit, .revert, .remove]),
      Walk(
        kind: .inPlace, events: [.create, .importData, .start, .stop, .stop, .remove],
        actions: [
          .create, .replaceCommitted, .dropRevisions, .exposeCommitted, .concealCommitted, .remove,
        ]),
      Walk(
        kind: .volatile, events: [.create, .start, .stop, .start, .discard, .remove],
        actions: [
          .create, .makeEmptyWorkingCopy, .dropWorkingCopy, .makeEmptyWorkingCopy,
          .dropWorkingCopy, .remove,
        ]),
      Walk(
        kind: .snapshot, events: [.create, .start, .resize, .stop, .configure, .remove],
        actions: [.create, .copySource, .resizeWorkingCopy, .dropWorkingCopy, .remove]),
      Walk(
        kind: .originSnapshot,
        events: [.create, .start, .stop, .start, .revertDiscarding, .remove],
        actions: [
          .create, .copySource, .commit, .copySource, .dropWorkingCopy, .revert, .remove,
        ]),
    ])
  func walks(walk: Walk) throws {
    let lifecycle = Lifecycle(kind: walk.kind, isWritable: true)
    var state = LifecycleState.absent
    var actions: [LifecycleAction] = []
    for event in walk.events {
      let transition = try lifecycle.transition(event, in: state)
      state = transition.state
      actions += transition.actions
    }
    #expect(state == .absent)
    #expect(actions == walk.actions)
  }

  @Test("a session that crashed goes on after the next start and is committed once")
  func crashedSession() throws {
    for kind in [LifecycleKind.origin, .originSnapshot] {
      let lifecycle = Lifecycle(kind: kind, isWritable: true)
      let dirty = lifecycle.afterCrash(in: try lifecycle.transition(.start, in: .clean).state)
      let again = try lifecycle.transition(.start, in: dirty)
      #expect(again.state == .running)
      #expect(again.actions == [.continueWorkingCopy])
      #expect(try lifecycle.transition(.stop, in: again.state).actions == [.commit])
    }
  }
}
