import StorageModel

/// What must come of every event in every state, written by hand from the meaning of the life cycle.
///
/// A line is `event | absent | clean | running | dirty`. A cell is the new state and, after a colon, the actions in
/// order; or `refused` and why. A line holds for volumes with rw and without, unless its event ends in `rw` or
/// `ro`.
enum LifecycleTable {
  static let text: [LifecycleKind: String] = [
    .origin: """
    create             | clean: create   | refused alreadyExists    | refused alreadyExists      | refused alreadyExists
    start              | refused missing | running: makeWorkingCopy | refused alreadyStarted     | running: continueWorkingCopy
    stop rw            | refused missing | clean                    | clean: commit              | clean: commit
    stop ro            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    discard            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    revert             | refused missing | clean: revert            | refused uncommitted        | refused uncommitted
    revertDiscarding   | refused missing | clean: revert            | clean: dropWorkingCopy, revert | clean: dropWorkingCopy, revert
    resize rw          | refused missing | clean: resizeCommitted   | running: resizeWorkingCopy | dirty: resizeWorkingCopy
    resize ro          | refused missing | refused readOnly         | refused readOnly           | refused readOnly
    importData         | refused missing | clean: replaceCommitted  | refused stopFirst          | refused stopFirst
    export             | refused missing | clean                    | running                    | dirty
    configure          | refused missing | clean                    | refused stopFirst          | refused stopFirst
    configureRetention | refused missing | clean                    | running                    | dirty
    commit rw          | refused missing | clean                    | running: commitCopy        | dirty: commitCopy
    commit ro          | refused missing | clean                    | refused readOnly           | refused readOnly
    rename             | refused missing | clean: rename            | refused stopFirst          | refused stopFirst
    remove             | refused missing | absent: remove           | refused alreadyStarted     | absent: remove
    """,
    .inPlace: """
    create             | clean: create   | refused alreadyExists    | refused alreadyExists      | refused alreadyExists
    start              | refused missing | running: dropRevisions, exposeCommitted | refused alreadyStarted | running
    stop               | refused missing | clean                    | clean: concealCommitted    | clean: concealCommitted
    discard            | refused missing | clean                    | refused nothingToDiscard   | refused nothingToDiscard
    revert             | refused missing | refused revisionsDisabled | refused revisionsDisabled | refused revisionsDisabled
    revertDiscarding   | refused missing | refused revisionsDisabled | refused revisionsDisabled | refused revisionsDisabled
    resize rw          | refused missing | clean: resizeCommitted   | running: resizeWorkingCopy | dirty: resizeWorkingCopy
    resize ro          | refused missing | refused readOnly         | refused readOnly           | refused readOnly
    importData         | refused missing | clean: replaceCommitted  | refused stopFirst          | refused stopFirst
    export             | refused missing | clean                    | refused changingInPlace    | refused changingInPlace
    configure          | refused missing | clean                    | refused stopFirst          | refused stopFirst
    configureRetention | refused missing | clean                    | running                    | dirty
    commit             | refused missing | refused nothingToCommit  | refused nothingToCommit    | refused nothingToCommit
    rename             | refused missing | clean: rename            | refused stopFirst          | refused stopFirst
    remove             | refused missing | absent: remove           | refused alreadyStarted     | absent: remove
    """,
    .volatile: """
    create             | clean: create   | refused alreadyExists    | refused alreadyExists      | refused alreadyExists
    start              | refused missing | running: makeEmptyWorkingCopy | refused alreadyStarted | running: dropWorkingCopy, makeEmptyWorkingCopy
    stop               | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    discard            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    revert             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    revertDiscarding   | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    resize rw          | refused missing | clean: resizeCommitted   | running: resizeCommitted, resizeWorkingCopy | dirty: resizeCommitted, resizeWorkingCopy
    resize ro          | refused missing | refused readOnly         | refused readOnly           | refused readOnly
    importData         | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    export             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    configure          | refused missing | clean                    | refused stopFirst          | refused stopFirst
    configureRetention | refused missing | clean                    | running                    | dirty
    commit             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    rename             | refused missing | clean: rename            | refused stopFirst          | refused stopFirst
    remove             | refused missing | absent: remove           | refused alreadyStarted     | absent: remove
    """,
    .snapshot: """
    create             | clean: create   | refused alreadyExists    | refused alreadyExists      | refused alreadyExists
    start              | refused missing | running: copySource      | refused alreadyStarted     | running: dropWorkingCopy, copySource
    stop               | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    discard            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    revert             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    revertDiscarding   | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    resize rw          | refused missing | refused followsSource    | running: resizeWorkingCopy | dirty: resizeWorkingCopy
    resize ro          | refused missing | refused readOnly         | refused readOnly           | refused readOnly
    importData         | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    export             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    configure          | refused missing | clean                    | refused stopFirst          | refused stopFirst
    configureRetention | refused missing | clean                    | running                    | dirty
    commit             | refused missing | refused noCommittedState | refused noCommittedState   | refused noCommittedState
    rename             | refused missing | clean: rename            | refused stopFirst          | refused stopFirst
    remove             | refused missing | absent: remove           | refused alreadyStarted     | absent: remove
    """,
    .originSnapshot: """
    create             | clean: create   | refused alreadyExists    | refused alreadyExists      | refused alreadyExists
    start              | refused missing | running: copySource      | refused alreadyStarted     | running: continueWorkingCopy
    stop rw            | refused missing | clean                    | clean: commit              | clean: commit
    stop ro            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    discard            | refused missing | clean                    | clean: dropWorkingCopy     | clean: dropWorkingCopy
    revert             | refused missing | clean: revert            | refused uncommitted        | refused uncommitted
    revertDiscarding   | refused missing | clean: revert            | clean: dropWorkingCopy, revert | clean: dropWorkingCopy, revert
    resize rw          | refused missing | clean: resizeCommitted   | running: resizeWorkingCopy | dirty: resizeWorkingCopy
    resize ro          | refused missing | refused readOnly         | refused readOnly           | refused readOnly
    importData         | refused missing | clean: replaceCommitted  | refused stopFirst          | refused stopFirst
    export             | refused missing | clean                    | running                    | dirty
    configure          | refused missing | clean                    | refused stopFirst          | refused stopFirst
    configureRetention | refused missing | clean                    | running                    | dirty
    commit rw          | refused missing | clean                    | running: commitCopy        | dirty: commitCopy
    commit ro          | refused missing | clean                    | refused readOnly           | refused readOnly
    rename             | refused missing | clean: rename            | refused stopFirst          | refused stopFirst
    remove             | refused missing | absent: remove           | refused alreadyStarted     | absent: remove
    """,
  ]

  /// One cell, with where it stands.
  struct Cell: Sendable, CustomStringConvertible {
    let kind: LifecycleKind
    let isWritable: Bool
    let event: LifecycleEvent
    let state: LifecycleState
    /// `running: copySource`, `clean`, `refused missing`.
    let outcome: String

    var place: String { "\(kind.rawValue) \(isWritable ? "rw" : "ro") \(event) in \(state)" }
    var description: String { "\(place): \(outcome)" }
  }

  /// The columns, in order.
  static let states: [LifecycleState] = [.absent, .clean, .running, .dirty]

  /// Every cell of the table; lines that do not name an event are left out, which the tests notice by the count.
  static let cells: [Cell] = LifecycleKind.allCases.flatMap { kind in
    (text[kind] ?? "").split(separator: "\n").flatMap { line -> [Cell] in
      let columns = line.split(separator: "|", omittingEmptySubsequences: false).map(\.trimmed)
      let words = columns[0].split(separator: " ").map(String.init)
      guard let name = words.first, let event = LifecycleEvent(rawValue: name),
        columns.count == states.count + 1
      else { return [] }
      let writabilities = words.count < 2 ? [true, false] : [words[1] == "rw"]
      return writabilities.flatMap { isWritable in
        zip(states, columns.dropFirst()).map { state, outcome in
          Cell(kind: kind, isWritable: isWritable, event: event, state: state, outcome: outcome)
        }
      }
    }
  }
}
