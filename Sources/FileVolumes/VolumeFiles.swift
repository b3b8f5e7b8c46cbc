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
/// | source's state at start | `.cistern/volumes/NAME/source` | `VID.img` of the snapshot |
/// | record | `.cistern/volumes/NAME/volume.conf` | `.cistern/volumes/VID/volume.conf` |
///
/// Temporary names end in `~` and eight letters. Source of Qubes' names: its driver file-reflink.
struct VolumeFiles: Sendable {
  static let privateFolder = ".cistern"
  static let records = ".cistern/volumes"
  static let record = "volume.conf"
  /// The state a started snapshot was made from, beside its record.
  static let heldSource = "source"
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
  let importing: String
  /// What a committed state is called while its volume is being deleted (in `side`).
  let deleted: String
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
      importing = "import"
      deleted = "deleted"
      revisionPrefix = ""
    } else {
      let last = name.components.last ?? name.text
      home = name.components.dropLast().joined(separator: "/")
      side = home
      committed = "\(last).img"
      working = "\(last)-dirty.img"
      precache = "\(last)-precache.img"
      importing = "\(last)-import.img"
      deleted = "\(last).img~deleted0"
      revisionPrefix = "\(last).img."
    }
  }

  /// Whether something in a pool's folder is the file system's own: `lost+found` of the ext family (e2fsck(8)), the
  /// `.trashcan` of GlusterFS, and `.nfs` with digits, which an NFS client calls an open file that was removed.
  static func belongsToFileSystem(_ entry: Folder.Entry) -> Bool {
    if entry.kind == .folder { return entry.name == "lost+found" || entry.name == ".trashcan" }
    guard entry.name.hasPrefix(".nfs"), entry.name.utf8.count == 28 else { return false }
    return entry.name.dropFirst(4).allSatisfy(\.isHexDigit)
  }

  var committedPath: String { home.isEmpty ? committed : "\(home)/\(committed)" }
  func sidePath(_ file: String) -> String { side.isEmpty ? file : "\(side)/\(file)" }
  func revisionName(_ revision: Revision) -> String { revisionPrefix + revision.suffix }

  /// The revision whose file is called `file`; nil for other names.
  func revision(of file: String) -> Revision? {
    guard file.hasPrefix(revisionPrefix) else { return nil }
    return Revision(suffix: String(file.dropFirst(revisionPrefix.count)))
  }

  /// Whether `file` is a temporary name of this volume's files.
  func isTemporary(_ file: String) -> Bool {
    guard file != deleted, let tilde = file.lastIndex(of: "~") else { return false }
    let suffix = file[file.index(after: tilde)...]
    guard suffix.utf8.count == 8,
      suffix.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    else { return false }
    if isPlain { return true }
    let base = String(file[..<tilde])
    return [committed, working, precache, importing].contains(base)
      || revision(of: base) != nil
  }

  /// Endings that Qubes' layout keeps for other files than committed states.
  static let reservedEndings = ["-dirty", "-precache", "-import", "-cow"]

  /// The volume whose committed state is the file `path` of Qubes' layout; nil for its other files.
  static func qubesVolume(ofFile path: String) -> VolumeName? {
    guard path.hasSuffix(".img") else { return nil }
    let text = String(path.dropLast(4))
    guard !reservedEndings.contains(where: { text.hasSuffix($0) }) else { return nil }
    return VolumeName(found: text)
  }

  /// The volume that a file of Qubes' layout belongs to: its image, working copy, import, revision, or a
  /// temporary file of one of these; nil for other files.
  static func qubesOwner(ofFile path: String) -> VolumeName? {
    var text = path
    if let tilde = text.lastIndex(of: "~") { text = String(text[..<tilde]) }
    // `X.img.N@TIME`: what follows the last dot is a revision's suffix.
    if let dot = text.lastIndex(of: "."),
      Revision(suffix: String(text[text.index(after: dot)...])) != nil
    {
      text = String(text[..<dot])
    }
    guard text.hasSuffix(".img") else { return nil }
    text = String(text.dropLast(4))
    for ending in ["-dirty", "-precache", "-import"] where text.hasSuffix(ending) {
      text = String(text.dropLast(ending.count))
      break
    }
    return VolumeName(found: text)
  }
}
