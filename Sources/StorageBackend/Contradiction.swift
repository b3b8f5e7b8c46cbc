import StorageModel

/// Where what lies on the disk contradicts what is on record, or belongs to a session of another program.
///
/// A record never outranks the disk: until a person has decided, nothing of such a volume is removed, replaced or
/// committed. What is done all the same is what a person asks for by name.
package struct Contradiction: Equatable, Sendable {
  /// As what `pool-check` lists it.
  package let kind: Finding.Kind
  /// The file or device that contradicts.
  package let path: Path
  /// What is wrong, as errors about the volume say it.
  package let problem: String
  /// What settles it: lower case, without a full stop.
  package let advice: String
  /// The events that are allowed all the same; they are what settles it, or do it no harm.
  package let allowed: Set<LifecycleEvent>
  /// Which error a refusal is.
  private let code: StorageError.Code
  /// The line that names the command that settles it; nil where there is none that is clearly next.
  private let next: String?

  private init(
    _ kind: Finding.Kind, _ path: Path, _ problem: String, _ advice: String,
    allowing allowed: Set<LifecycleEvent>, code: StorageError.Code = .busy, next: String? = nil
  ) {
    self.code = code
    self.next = next
    self.kind = kind
    self.path = path
    self.problem = problem
    self.advice = advice
    // How many revisions are kept holds from the next commit on.
    self.allowed = allowed.union([.configureRetention])
  }

  /// Whether saying what the volume is settles it, whatever state it is in.
  package var isSettledByProperties: Bool { allowed.contains(.configure) }

  /// The refusal of what would not let a person decide.
  package func refusal(_ subject: String) -> StorageError {
    let letters = advice.unicodeScalars
    let first = String(String.UnicodeScalarView(letters.prefix(1))).uppercased()
    let rest = String(String.UnicodeScalarView(letters.dropFirst()))
    return StorageError(code, subject, problem, hint: next ?? first + rest)
  }

  /// What `pool-check` lists.
  package func finding(of volume: VolumeName) -> Finding {
    Finding(kind, path, volume: volume, advice: "none: \(advice)")
  }
}

extension Contradiction {
  /// The command that says that a volume has a state of its own.
  private static func own(_ volume: VolumeName, _ pool: PoolName) -> String {
    NextCommand.line("vol-set", volume, "save_on_stop", "yes", in: pool)
  }

  /// The command that drops a volume's session.
  private static func drop(_ volume: VolumeName, _ pool: PoolName) -> String {
    NextCommand.line("vol-stop", volume, "--discard", in: pool)
  }

  /// A volume that keeps nothing has content all the same.
  package static func unexpectedContent(
    of volume: VolumeName, in pool: PoolName, snaps: Bool, at path: Path
  ) -> Contradiction {
    let line = NextCommand.line("vol-set", volume, "snap_on_start", "no", in: pool)
    let first = snaps ? "\(line), then " : ""
    return Contradiction(
      .unexpectedContent, path, "keeps no state on record, but '\(path)' holds content",
      "to keep it as the volume's own: \(first)\(own(volume, pool));"
        + " otherwise move it away", allowing: [.configure])
  }

  /// The other program has a session of its own, or left one in a crash.
  package static func foreignSession(in path: Path) -> Contradiction {
    Contradiction(
      .foreignSession, path, "has an uncommitted session of Qubes' driver in '\(path)'",
      "let Qubes stop it; where there is no Qubes, removing that file accepts the content as it is",
      allowing: [])
  }

  /// The other program started it as a snapshot: its state is the very file of another volume.
  package static func foreignSnapshot(
    _ volume: VolumeName, in pool: PoolName, of source: VolumeName, working path: Path
  ) -> Contradiction {
    Contradiction(
      .foreignSnapshot, path,
      "is a snapshot of '\(source)' that another program started, and is never committed",
      "drop it with \(drop(volume, pool)); or, if it is a volume of its own, say so with"
        + " \(own(volume, pool))", allowing: [.configure, .discard])
  }

  /// Several started volumes have the same file for their state, and nothing tells which is a snapshot of which.
  package static func sharedState(
    of volume: VolumeName, in pool: PoolName, with others: [VolumeName], working path: Path
  ) -> Contradiction {
    let names = others.map { "'\($0)'" }.joined(separator: ", ")
    return Contradiction(
      .sharedState, path,
      "has the same file as \(names), and nothing tells which is a snapshot of which",
      "if it is a volume of its own, say so with \(own(volume, pool)); if it is a"
        + " snapshot, drop it with \(drop(volume, pool))",
      allowing: [.configure, .discard, .export])
  }

  /// The committed state is not the one that the session was begun from.
  package static func changedState(
    of volume: VolumeName, in pool: PoolName, committed: Path, working path: Path
  ) -> Contradiction {
    Contradiction(
      .changedState, path,
      "its committed state '\(committed)' has changed since the session was begun",
      "copy '\(path)' if it is wanted, drop the session with \(drop(volume, pool)), then"
        + " import the copy with \(NextCommand.line("vol-import", volume, "COPY", in: pool))",
      allowing: [.discard, .revertDiscarding, .export, .resize, .remove])
  }

  /// A command that writes over the content in place has not come to its end.
  ///
  /// Whatever replaces all that can be half done settles it.
  package static func incompleteContent(
    of volume: VolumeName, in pool: PoolName, _ change: UnfinishedChange, at path: Path
  ) -> Contradiction {
    let name = volume.text
    var again = "import the content again"
    var words = ["vol-import", name, "FILE"]
    switch change.kind {
    case .create, .import: break
    case .wipe:
      again = "wipe it again, import new content"
      words = ["vol-wipe", name]
    case .upload:
      let first = change.part?.lowerBound ?? 0
      again =
        "upload the same part again (to byte \(change.part?.upperBound ?? 0)), import the content"
      words = ["vol-upload", name, "FILE"] + (first > 0 ? ["--offset", "\(first)"] : [])
    }
    return Contradiction(
      .incompleteContent, path, change.problem, "\(again), or delete the volume",
      allowing: [.importData, .remove, .rename, .resize, .stop, .discard], code: .badInput,
      next: NextCommand.hint(words + ["--pool", pool.text]))
  }

  /// There is nothing but a working copy.
  ///
  /// It is the volume itself, called so while it was started with revisions disabled, or the session of a volume that
  /// keeps nothing. Only its record could tell.
  package static func loneWorkingCopy(of volume: VolumeName, in pool: PoolName, at path: Path)
    -> Contradiction
  {
    Contradiction(
      .uncommitted, path, "has a working copy but no committed state",
      "make it the committed state with \(NextCommand.line("vol-stop", volume, in: pool)), or"
        + " remove it with \(NextCommand.line("vol-delete", volume, in: pool))",
      allowing: [.stop, .remove])
  }
}
