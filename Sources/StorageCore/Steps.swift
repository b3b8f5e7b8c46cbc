import StorageModel
import StorageOS

/// The steps of one change: done one by one, undone in reverse order when a later one fails.
///
/// In a dry run the steps are only told, so what is shown is what would run.
package final class Steps {
  package let isDryRun: Bool
  /// Whom to tell how far long steps have come; nil where nobody wants to know.
  package let progress: Progress?
  /// Per cent of a thin pool's data and metadata that have to stay free; nil for the backend's own rule.
  package let reserve: Int?
  /// What was told in a dry run, in order.
  package private(set) var told: [String] = []
  /// What users should know once, by a name that tells it from other warnings.
  package private(set) var warnings: [(name: String, text: String)] = []
  /// Whether any step was reached.
  package private(set) var changesSomething = false
  private var undoes: [() throws(StorageError) -> Void] = []
  /// Whether each step that was done has its undo.
  private var canBeUndone = true
  /// What must stay open until the change is done.
  private var held: [Descriptor] = []

  package init(isDryRun: Bool = false, progress: Progress? = nil, reserve: Int? = nil) {
    self.isDryRun = isDryRun
    self.reserve = reserve
    self.progress = progress
  }

  /// Does one step.
  /// - Parameters:
  ///   - description: what it does, as in "create file '/a'".
  ///   - undo: how to take it back when a later step fails; nil where it does no harm.
  /// - Throws: `interrupted`, before the step, where the process was asked to stop and all that was done so far can
  ///   be taken back; otherwise the change is finished first.
  package func run(
    _ description: @autoclosure () -> String, undo: (() throws(StorageError) -> Void)? = nil,
    _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    changesSomething = true
    guard !isDryRun else {
      told.append(description())
      return
    }
    if canBeUndone { try Interruption.check() }
    try body()
    if let undo { undoes.append(undo) } else { canBeUndone = false }
  }

  /// Keeps descriptors open, with the locks on them, until the change is done.
  package func hold(_ descriptors: [Descriptor]) { held += descriptors }

  /// Closes them before that, where the kernel would not let go of what they are open on.
  package func letGo() { held.removeAll() }

  /// Leaves word of something that users should know, shown once per pool and boot.
  package func warnOnce(_ name: String, _ text: String) { warnings.append((name, text)) }

  /// Runs a whole change.
  ///
  /// On an error what was done is undone, and what could not be undone is added to the error.
  package func perform<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError)
    -> Value
  {
    do throws(StorageError) {
      let value = try body()
      undoes.removeAll()
      return value
    } catch {
      var error = error
      for undo in undoes.reversed() {
        do throws(StorageError) { try undo() } catch let failure {
          error.failedUndo.append(failure.text)
        }
      }
      undoes.removeAll()
      throw error
    }
  }
}
