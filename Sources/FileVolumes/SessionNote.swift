import StorageModel
import StorageOS

/// What is remembered of a session's start: which file the working copy is, and the committed state that it was made
/// beside, as that was.
///
/// Qubes' drivers, or a person, can have put another committed state there before the session is stopped; a commit
/// would throw that away. Of a session that somebody else began nothing is remembered, but that it is a snapshot's: once
/// its source has moved on, nothing else would tell.
///
/// A file is told by its birth, which no other file of the folder shares and which outlives a remount, else by its
/// inode. Its time of change does not count: links to it, its mode and its label change that too.
struct SessionNote: Equatable, Sendable {
  /// Which file the working copy is.
  let working: String
  /// The committed state as it was, none where there was none; while another one is put in its place also that one.
  let committed: [String]
  /// The volume of which another program started it as a snapshot; nil for sessions that were begun here.
  let source: String?

  init(working: FileStatus, committed: [FileStatus], source: VolumeName? = nil) {
    self.source = source?.text
    self.working = SessionNote.identity(working)
    self.committed = committed.map(SessionNote.state)
  }

  /// The note as a file: a line each.
  var text: String {
    "working \(working)\n" + committed.map { "committed \($0)\n" }.joined()
      + (source.map { "snapshot of \($0)\n" } ?? "")
  }

  /// Reads a note as `text` writes it; nil for anything else.
  init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard (2...5).contains(lines.count), lines[lines.count - 1].isEmpty,
      let working = lines[0].without(prefix: "working ")
    else { return nil }
    self.working = String(working)
    var states = lines[1...].dropLast()
    source = states.last?.without(prefix: "snapshot of ").map { String($0) }
    if source != nil { states.removeLast() }
    committed = states.compactMap { $0.without(prefix: "committed ").map { String($0) } }
    guard committed.count == states.count else { return nil }
  }

  /// Whether it is about this working copy.
  func isAbout(_ working: FileStatus) -> Bool { self.working == SessionNote.identity(working) }

  /// Whether this is the committed state that the session was begun beside, unchanged.
  func isBeside(_ committed: FileStatus) -> Bool {
    self.committed.contains(SessionNote.state(committed))
  }

  /// Whether this is the file that was the committed state, whatever became of its content.
  func isBesideFile(_ committed: FileStatus) -> Bool {
    self.committed.contains { $0.hasPrefix(SessionNote.identity(committed) + " ") }
  }

  private static func identity(_ status: FileStatus) -> String {
    status.timestamps.birth.map { "born \(time($0))" } ?? "inode \(status.identity.inode)"
  }

  private static func state(_ status: FileStatus) -> String {
    "\(identity(status)) size \(status.size.bytes) modified \(time(status.timestamps.modification))"
  }

  private static func time(_ time: Timestamp) -> String { "\(time.seconds)+\(time.nanoseconds)" }
}

extension FileBackend {
  /// Remembers what a session is begun from, before its working copy has its name.
  /// - Parameter source: as of `SessionNote`.
  func note(_ files: VolumeFiles, working: FileStatus, snapshotOf source: VolumeName? = nil)
    throws(StorageError)
  {
    let committed = try folder().status(files.committedPath)
    try write(
      SessionNote(working: working, committed: committed.map { [$0] } ?? [], source: source), files)
  }

  /// Remembers that a session goes on beside a new committed state, before that takes the place of the present one: an
  /// interruption leaves the one or the other.
  func note(_ files: VolumeFiles, continuedBeside new: FileStatus) throws(StorageError) {
    let folder = try folder()
    guard let working = try folder.status(files.sidePath(files.working)) else { return }
    let committed = try folder.status(files.committedPath)
    try write(
      SessionNote(working: working, committed: (committed.map { [$0] } ?? []) + [new]), files)
  }

  /// What is remembered of a session, as it is written; nil where nothing is.
  func note(of files: VolumeFiles, in folder: Folder) throws(StorageError) -> String? {
    guard let file = try folder.openIfPresent(files.sessionPath) else { return nil }
    return String(decoding: try file.readAll(limit: 65536), as: UTF8.self)
  }

  private func write(_ note: SessionNote, _ files: VolumeFiles) throws(StorageError) {
    let heritage = try heritage()
    try folder().makeFolders(files.recordFolder, heritage).write(
      note.text, to: VolumeFiles.session, heritage: heritage)
  }

  /// Forgets what is remembered of a session that has ended.
  ///
  /// Its folder stays: another command can be about to write into it.
  func forgetSession(of files: VolumeFiles) throws(StorageError) {
    try folder().folderIfPresent(files.recordFolder)?.remove(VolumeFiles.session)
  }
}
