import StorageBackend
import StorageModel
import StorageOS

/// The names of a volume's files, relative to the pool's folder.
///
/// | | plain | Qubes' layout |
/// |---|---|---|
/// | committed state | `NAME` | `VID.img` |
/// | working copy | `.cistern/volumes/NAME/dirty` | `VID-dirty.img` |
/// | prepared working copy | – | `VID-precache.img` |
/// | unfinished import | `.cistern/volumes/NAME/import` | `VID-import.img` |
/// | revision | `.cistern/volumes/NAME/N@TIME` | `VID.img.N@TIME` |
/// | revisions have to go | `.cistern/volumes/NAME/prune` | `VID.img~pruning0` |
/// | what a wipe has replaced | `.cistern/volumes/NAME/wipe` | – |
/// | source's state at start | `.cistern/volumes/NAME/source` | `VID.img` of the snapshot |
/// | what a session was begun from | `.cistern/volumes/NAME/session` | `.cistern/volumes/VID/session` |
/// | blocks that a session of Qubes' replaced | – | `VID-cow.img`, `VID-cow.img.old` |
/// | record | `.cistern/volumes/NAME/volume.conf` | `.cistern/volumes/VID/volume.conf` |
///
/// Temporary names end in `~` and eight letters. Source of Qubes' names: its driver file-reflink.
struct VolumeFiles: Sendable {
  static let privateFolder = SharedFolder.privateFolder
  static let records = ".cistern/volumes"
  static let record = "volume.conf"
  /// The state a started snapshot was made from, beside its record.
  static let heldSource = "source"
  /// What the running session was begun from, beside the record.
  static let session = "session"
  /// What a wipe has put an empty image in the place of and has still to overwrite, beside the record.
  static let wiping = "wipe"
  /// What the temporary name of a new volume in a plain pool starts with.
  static let newFilePrefix = ".cistern-new-"

  let name: VolumeName
  /// The folder of the committed state; empty for the pool's own.
  let home: String
  /// The folder of everything else but the record.
  let side: String
  let recordFolder: String
  /// Names in `home`.
  let committed: String
  /// Names in `side`.
  let working: String
  let precache: String?
  /// Where Qubes' drivers that write into the committed state itself keep the blocks that they replaced.
  let replacedBlocks: String?
  let importing: String
  /// What a committed state is called while its volume is being deleted (in `side`).
  let deleted: String
  /// A second name of a committed state that is being replaced (in `side`): once that is done, revisions beyond those to
  /// be kept have to go.
  let pruning: String
  let revisionPrefix: String
  let isPlain: Bool

  init(_ name: VolumeName, driver: FileDriver) {
    self.name = name
    recordFolder = "\(VolumeFiles.records)/\(name)"
    isPlain = !driver.usesQubesLayout
    if isPlain {
      home = ""
      committed = name.text
      side = recordFolder
      working = "dirty"
      precache = nil
      replacedBlocks = nil
      importing = "import"
      deleted = "deleted"
      pruning = "prune"
      revisionPrefix = ""
    } else {
      let last = name.components.last ?? name.text
      home = name.components.dropLast().joined(separator: "/")
      side = home
      committed = "\(last).img"
      working = "\(last)-dirty.img"
      precache = "\(last)-precache.img"
      replacedBlocks =
        driver == .file || driver == .xen ? "\(last)-cow.img" : nil
      importing = "\(last)-import.img"
      deleted = "\(last).img~deleted0"
      pruning = "\(last).img~pruning0"
      revisionPrefix = "\(last).img."
    }
  }

  /// Whether something in a pool's folder is the file system's own: `lost+found` of the ext family (e2fsck(8)), the
  /// `.trashcan` of GlusterFS, and `.nfs` with digits, which an NFS client calls an open file that was removed.
  static func belongsToFileSystem(_ entry: Folder.Entry) -> Bool {
    if entry.kind == .folder { return entry.name == "lost+found" || entry.name == ".trashcan" }
    guard entry.name.hasPrefix(".nfs"), entry.name.utf8.count == 28 else { return false }
    return entry.name.unicodeScalars.dropFirst(4).allSatisfy(\.isASCIIHexDigit)
  }

  var committedPath: String { home.isEmpty ? committed : "\(home)/\(committed)" }
  var sessionPath: String { "\(recordFolder)/\(VolumeFiles.session)" }
  func sidePath(_ file: String) -> String { side.isEmpty ? file : "\(side)/\(file)" }
  func revisionName(_ revision: Revision) -> String { revisionPrefix + revision.name }

  /// The revision whose file is called `file`; nil for other names.
  func revision(of file: String) -> Revision? {
    file.without(prefix: revisionPrefix).flatMap { Revision(suffix: String($0)) }
  }

  /// Whether `file` is a temporary name of this volume's files.
  func isTemporary(_ file: String) -> Bool {
    guard file != deleted, file != pruning, let (before, suffix) = file.cut(atLast: "~") else {
      return false
    }
    guard suffix.utf8.count == 8,
      suffix.unicodeScalars.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || $0 == "_" })
    else { return false }
    if isPlain { return true }
    let base = String(before)
    return [committed, working, precache, importing].contains(base)
      || revision(of: base) != nil
  }

  /// Endings that Qubes' layout keeps for other files than committed states.
  static let reservedEndings = ["-dirty", "-precache", "-import", "-cow"]

  /// Whether a file is a record, or what is remembered beside one, or a temporary file of these.
  static func isBesideRecord(_ file: String) -> Bool {
    let base = file.cut(atLast: "~").map { String($0.before) } ?? file
    return [record, heldSource, session].contains(base)
  }

  /// Whether files of a volume of Qubes' layout would have the names of another one's, or lie below them: images and
  /// marks beside its folders, or what is beside a record, as records lie in folders that are called as the volumes are.
  static func wouldMeetOthers(_ name: VolumeName) -> Bool {
    let parts = name.components
    func isOwn(_ part: String) -> Bool {
      isBesideRecord(part) || part.contains("~") && qubesOwner(ofFile: part) != nil
    }
    func isFile(_ part: String) -> Bool {
      qubesOwner(ofFile: part) != nil
        || [".started", "-cow.img.old"].contains(where: part.hasSuffix)
    }
    // A machine may be called so: its volumes are a level further down.
    return parts.count > 1 && parts.suffix(1).contains(where: isOwn)
      || parts.dropLast().contains(where: isFile)
  }

  /// The volume whose committed state is the file `path` of Qubes' layout; nil for its other files.
  static func qubesVolume(ofFile path: String) -> VolumeName? {
    guard let text = path.without(suffix: ".img").map(String.init) else { return nil }
    guard !reservedEndings.contains(where: { text.hasSuffix($0) }) else { return nil }
    return VolumeName(found: text)
  }

  /// The volume that a file of Qubes' layout is the committed state or a revision of; nil for other files.
  static func qubesStateOwner(ofFile path: String) -> VolumeName? {
    guard let (image, ending) = path.cut(atLast: "."), Revision(suffix: String(ending)) != nil
    else { return qubesVolume(ofFile: path) }
    return qubesVolume(ofFile: String(image))
  }

  /// The volume that a file of Qubes' layout belongs to: its image, working copy, import, revision, or a
  /// temporary file of one of these; nil for other files.
  static func qubesOwner(ofFile path: String) -> VolumeName? {
    var file = path.cut(atLast: "~")?.before ?? path[...]
    // `X.img.N@TIME`: what follows the last dot is a revision's suffix.
    if let (before, after) = file.cut(atLast: "."), Revision(suffix: String(after)) != nil {
      file = before
    }
    guard let image = file.without(suffix: ".img") else { return nil }
    let stem = ["-dirty", "-precache", "-import"].lazy.compactMap { image.without(suffix: $0) }
      .first
    return VolumeName(found: String(stem ?? image))
  }
}
