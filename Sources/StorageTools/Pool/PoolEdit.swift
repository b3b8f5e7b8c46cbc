import Definitions
import Operations
import StorageHost
import StorageModel
import StorageOS

extension Command {
  static let poolEdit = Command(
    "pool-edit", "Change a pool's definition in an editor.", .changes, [.pool],
    example: "pool-edit images", also: [.exists]
  ) { tool throws(StorageError) in
    let original = try tool.storage.editable(tool.arguments.required("pool"))
    let editor = try Editor()
    let draft = try Draft(
      original.notation == .document ? "pool.xml" : "pool.conf", original.text)
    var outcome: Result<Storage.Change, StorageError>
    do throws(StorageError) {
      outcome = .success(try tool.edit(original, in: draft, with: editor))
    } catch {
      outcome = .failure(error)
    }
    do throws(StorageError) { try draft.remove() } catch {
      tool.warn("cannot remove the edited text: \(error.text)")
    }
    let change = try outcome.get()
    try tool.report(
      change, pool: original.name,
      "Pool \(original.name) XML configuration \(change.isChanged ? "edited" : "not changed").")
  }
}

extension Tool {
  /// Lets the user edit a definition until it is accepted, or given up.
  /// - Throws: what is wrong with the edited text, where there is no terminal to ask at or the user gives it up.
  fileprivate func edit(_ original: EditablePool, in draft: Draft, with editor: Editor)
    throws(StorageError) -> Storage.Change
  {
    var isAsked = true
    var anyway = false
    while true {
      if isAsked { try editor.edit(draft.path) }
      let text = try draft.text()
      guard text != original.text else { return .none }
      do throws(StorageError) {
        return try storage.redefine(original, by: text, anyway: anyway)
      } catch {
        guard error.code != .interrupted, !wantsJSON, Process.isTerminal(0) else { throw error }
        switch try answer(to: error) {
        case .again: (isAsked, anyway) = (true, false)
        case .force: (isAsked, anyway) = (false, true)
        case .giveUp: Tool.finishEdit(draft, ExitStatus(error.code))
        }
      }
    }
  }

  /// Ends the process after the user has given up; the error was told already.
  private static func finishEdit(_ draft: Draft, _ status: ExitStatus) -> Never {
    try? draft.remove()
    finish("", "", status)
  }

  private enum Answer { case again, force, giveUp }

  /// Tells an error and asks what to do, in virsh's words.
  private func answer(to error: StorageError) throws(StorageError) -> Answer {
    try say(Terminal.errors.coloured("\(command.name):", .red) + " \(error.text.escaped)\n")
    while true {
      try say("Failed. Try again? [y,n,f,?]: ")
      switch try Process.readLine() {
      case "y", "Y": return .again
      case "n", "N", nil: return .giveUp
      case "f", "F": return .force
      default:
        try say(
          """
          y - yes, start editor again
          n - no, throw away my changes
          f - force, try to redefine again
          ? - print this help

          """)
      }
    }
  }

  private func say(_ text: String) throws(StorageError) {
    try Process.standardError.write(Array(text.utf8))
  }
}
