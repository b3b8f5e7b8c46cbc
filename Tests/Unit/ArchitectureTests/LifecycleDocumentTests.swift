import StorageModel
import TestSupport
import Testing

@testable import StorageTools

/// Reads the tables of docs/life-cycle.md and asks the code the same questions.
@Suite("The life cycle as it is documented")
struct LifecycleDocumentTests {
  /// One row of a kind's table.
  struct Row: CustomStringConvertible {
    let kind: LifecycleKind
    let events: [LifecycleEvent]
    /// In clean, running and dirty.
    let cells: [String]
    var description: String { "\(kind.rawValue): \(events)" }
  }

  /// What a row's first column means.
  ///
  /// Where a row stands for a volume whose revisions are off, changing their number turns them on.
  static func events(_ text: String, _ kind: LifecycleKind) -> [LifecycleEvent]? {
    var all: [LifecycleEvent] = []
    for name in text.split(separator: ",").map(\.trimmed) {
      switch name {
      case "start": all.append(.start)
      case "stop": all.append(.stop)
      case "stop `--discard`": all.append(.discard)
      case "revert": all.append(.revert)
      case "revert `--discard`": all.append(.revertDiscarding)
      case "resize": all.append(.resize)
      case "import": all.append(.importData)
      case "export": all.append(.export)
      case "set a property": all.append(.configure)
      case "set revisions_to_keep":
        all.append(kind == .inPlace ? .configure : .configureRetention)
      case "commit": all.append(.commit)
      case "rename": all.append(.rename)
      case "delete": all.append(.remove)
      default: return nil
      }
    }
    return all
  }

  /// The words of the document for what is done.
  static let actions: [String: [LifecycleAction]] = [
    "make working copy": [.makeWorkingCopy], "nothing": [],
    "the same working copy goes on": [.continueWorkingCopy],
    "commit": [.commit], "commit a copy": [.commitCopy], "rename": [.rename],
    "drop working copy": [.dropWorkingCopy], "revert": [.revert],
    "resize committed state": [.resizeCommitted], "change recorded size": [.resizeCommitted],
    "resize working copy": [.resizeWorkingCopy], "resize the device": [.resizeWorkingCopy],
    "replace committed state": [.replaceCommitted], "last committed state": [],
    "remove revisions": [.dropRevisions], "expose committed state": [.exposeCommitted],
    "conceal committed state": [.concealCommitted],
    "make empty working copy": [.makeEmptyWorkingCopy],
    "make an empty one": [.makeEmptyWorkingCopy], "copy source": [.copySource],
  ]

  /// A cell such as `running: make working copy`, `refused 5`, `absent`; nil where its words are not known.
  static func meaning(_ cell: String) -> (
    state: LifecycleState?, actions: [LifecycleAction], status: Int32
  )? {
    // What stands in brackets explains, and is looked at by hand.
    let text = cell.prefix { $0 != "(" }.trimmed
    if text.hasPrefix("refused ") {
      return Int32(text.dropFirst(8)).map { (nil, [], $0) }
    }
    let parts = text.split(separator: ":", maxSplits: 1).map(\.trimmed)
    guard let word = parts.first, let state = LifecycleState(rawValue: word) else { return nil }
    guard parts.count > 1 else { return (state, state == .absent ? [.remove] : [], 0) }
    var done: [LifecycleAction] = []
    for phrase in parts[1].split(separator: ",").map(\.trimmed) {
      guard let known = actions[phrase] else { return nil }
      done += known
    }
    return (state, done, 0)
  }

  /// The rows of all tables below `## Events`; origin-snapshot has those of origin, as its text says.
  static func rows() throws -> [Row] {
    let text = try Repository.text("docs/life-cycle.md")
    let section = try #require(text.components(after: "## Events", before: "\n## "))
    var rows: [Row] = []
    for part in section.split(separator: "\n### ").dropFirst() {
      let title = part.prefix { $0 != "\n" }.trimmed
      let kind = try #require(LifecycleKind(rawValue: title), "unknown kind \(title)")
      for line in part.split(separator: "\n") where line.hasPrefix("|") {
        let cells = line.split(separator: "|", omittingEmptySubsequences: false).map(\.trimmed)
        guard cells.count == 6, cells[1] != "event", !cells[1].hasPrefix("---") else { continue }
        let events = try #require(Self.events(cells[1], kind), "unknown event \(cells[1])")
        rows.append(Row(kind: kind, events: events, cells: Array(cells[2...4])))
      }
    }
    return rows
  }

  static let states: [LifecycleState] = [.clean, .running, .dirty]

  @Test("every cell of the document is what the code does")
  func cells() throws {
    for row in try Self.rows() {
      for (state, cell) in zip(Self.states, row.cells) {
        let meaning = try #require(Self.meaning(cell), "unknown words in \(row): \(cell)")
        for event in row.events {
          let lifecycle = Lifecycle(kind: row.kind, isWritable: true)
          do throws(LifecycleRefusal) {
            let transition = try lifecycle.transition(event, in: state)
            #expect(transition.state == meaning.state, "\(row) in \(state)")
            #expect(transition.actions == meaning.actions, "\(row) in \(state)")
          } catch {
            #expect(ExitStatus(error.error.code).rawValue == meaning.status, "\(row) in \(state)")
          }
        }
      }
    }
  }

  @Test("every kind has a table or names the one that holds, with every event")
  func coverage() throws {
    let rows = try Self.rows()
    let withTable: Set<LifecycleKind> = [.origin, .inPlace, .volatile, .snapshot]
    #expect(Set(rows.map(\.kind)) == withTable)
    let text = try Repository.text("docs/life-cycle.md")
    #expect(text.contains("### origin-snapshot\n\nAs *origin*"))
    for kind in withTable {
      var events = rows.filter { $0.kind == kind }.flatMap(\.events)
      // One row for both where discarding makes no difference.
      if !events.contains(.revertDiscarding) { events.append(.revertDiscarding) }
      let wanted = Set(LifecycleEvent.allCases).subtracting([.create, .configureRetention])
      #expect(Set(events).subtracting([.configureRetention]) == wanted, "\(kind)")
    }
  }

  @Test("where one row stands for revert with and without discarding, the code makes no difference")
  func revertRows() throws {
    for row in try Self.rows() where row.events.contains(.revert) {
      let alsoDiscarding = try Self.rows().contains {
        $0.kind == row.kind && $0.events.contains(.revertDiscarding)
      }
      guard !alsoDiscarding else { continue }
      for (state, cell) in zip(Self.states, row.cells) {
        let lifecycle = Lifecycle(kind: row.kind, isWritable: true)
        do throws(LifecycleRefusal) {
          _ = try lifecycle.transition(.revertDiscarding, in: state)
          Issue.record("\(row) in \(state)")
        } catch {
          #expect("refused \(ExitStatus(error.error.code).rawValue)" == cell)
        }
      }
    }
  }

  @Test("origin-snapshot differs from origin by its start alone")
  func originSnapshot() {
    for event in LifecycleEvent.allCases {
      for state in LifecycleState.allCases where (event, state) != (.start, .clean) {
        for isWritable in [true, false] {
          let plain = Lifecycle(kind: .origin, isWritable: isWritable)
          let other = Lifecycle(kind: .originSnapshot, isWritable: isWritable)
          #expect(
            (try? plain.transition(event, in: state)) == (try? other.transition(event, in: state)))
        }
      }
    }
  }

  @Test("what the document says about states absent and read-only volumes holds")
  func sentences() throws {
    let text = try Repository.text("docs/life-cycle.md")
    #expect(
      text.contains(
        "In state *absent*, `create` leads to *clean* and everything else is refused with status 4."
      ))
    #expect(text.contains("In every other state `create` is refused with 3;"))
    #expect(ExitStatus(LifecycleRefusal.missing.error.code).rawValue == 4)
    #expect(ExitStatus(LifecycleRefusal.alreadyExists.error.code).rawValue == 3)
    #expect(
      text.contains(
        "With rw=no, stop drops the working copy instead of committing it, and resize and commit are refused with 77."
      ))
    #expect(ExitStatus(LifecycleRefusal.readOnly.error.code).rawValue == 77)
  }
}
