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
  /// What users should know each time.
  package private(set) var notices: [String] = []
  /// Whether any step was reached.
  package private(set) var changesSomething = false
  private var undoes: [() throws(StorageError) -> Void] = []
  /// Whether each step that was done has its undo.
  package private(set) var canBeUndone = true
  /// What must stay open until the change is done.
  package private(set) var claims: [FileClaim] = []

  package init(isDryRun: Bool = false, progress: Progress? = nil, reserve: Int? = nil) {
    self.isDryRun = isDryRun
    self.reserve = reserve
    self.progress = progress
  }

  /// Does one step.
  /// - Parameters:
  ///   - description: what it does, as in "create file '/a'".
  ///   - undo: how to take it back when a later step fails, or where only its being on disk is uncertain; nil where it
  ///     cannot be.
  ///   - clearing: the same, where it also takes back what a body that failed has done so far.
  /// - Throws: `interrupted`, before the step, where the process was asked to stop and all that was done so far can
  ///   be taken back; otherwise the change is finished first.
  package func run(
    _ description: @autoclosure () -> String, undo: (() throws(StorageError) -> Void)? = nil,
    clearing: (() throws(StorageError) -> Void)? = nil, _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    changesSomething = true
    guard !isDryRun else {
      told.append(description())
      return
    }
    if canBeUndone { try Interruption.check() }
    WorkTrace.tell(.step(description()))
    let undo = clearing ?? undo
    do throws(StorageError) { try body() } catch {
      guard let undo, clearing != nil || error.made != nil else { throw error }
      throw error.undone(by: undo)
    }
    if let undo { undoes.append(undo) } else { canBeUndone = false }
  }

  /// Does what has to be done before a change is made, and does no harm where it is not: an error never says that it is.
  package static func prepare(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    do throws(StorageError) { try body() } catch { throw error.undone {} }
  }

  /// Does what is left of a change behind the instant at which it is made: an error of that says so, and nothing is taken
  /// back for it, which could be all that there is by then.
  package static func finish(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    do throws(StorageError) { try body() } catch {
      var error = error
      error.made = error.made ?? .untidy
      throw error
    }
  }

  /// Looks at something that decides whether the change can be made; in a dry run it is told.
  package func check(
    _ description: @autoclosure () -> String, _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    guard !isDryRun else {
      told.append(description())
      return
    }
    try body()
  }

  /// Keeps files open, with the locks on them, until the change is done.
  package func hold(_ files: [FileClaim]) { claims += files }

  /// Closes them before that, where the kernel would not let go of what they are open on.
  package func letGo() { claims.removeAll() }

  /// Leaves word of something that users should know, shown once per pool and boot.
  package func warnOnce(_ name: String, _ text: String) { warnings.append((name, text)) }

  /// Leaves word of something that users should know about this change.
  package func warn(_ text: String) { notices.append(text) }

  /// Runs a whole change.
  ///
  /// On an error what was done is undone, and what could not be undone is added to the error. Nothing is undone where the
  /// error says that the change is made.
  package func perform<Value>(_ body: () throws(StorageError) -> Value) throws(StorageError)
    -> Value
  {
    do throws(StorageError) {
      let value = try body()
      undoes.removeAll()
      return value
    } catch {
      var error = error
      if error.made == nil { for undo in undoes.reversed() { error = error.undone(by: undo) } }
      undoes.removeAll()
      throw error
    }
  }
}
