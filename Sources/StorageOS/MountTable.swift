import StorageModel

/// One mounted file system, as the kernel tells of it (proc(5), mountinfo).
package struct Mount: Equatable, Sendable {
  package let identifier: Int
  package let parent: Int
  /// The number of the file system's device, `MAJOR:MINOR`; for some file systems, as Btrfs and NFS, one without a
  /// device.
  package let device: String
  /// The folder of the file system that is its top here: `/` unless a part was mounted.
  package let root: Path
  package let target: Path
  package let options: [String]
  package let type: String
  /// What was mounted, as it was given: a device, `host:/folder`, or a word without meaning.
  package let source: String
  /// Options of the whole file system, wherever it is mounted; `ro` where it takes no writes.
  package var fileSystemOptions: [String] = []

  /// Whether looking at its files can mean waiting for another machine, or for a program that serves them.
  package var isRemote: Bool {
    ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "fuse"].contains(type)
      || type.hasPrefix("fuse.")
  }
}

/// The mounts that this process sees.
///
/// Reading it touches no file system, so it never waits for a server that is gone.
package struct MountTable: Sendable {
  /// In the order they were made: of two at one place the later covers the earlier.
  package let mounts: [Mount]

  package init(proc: Path = Path("/proc")) throws(StorageError) {
    let file = proc.appending("self/mountinfo")
    let bytes = try Descriptor(reading: file).readAll(limit: 64 << 20)
    self.init(text: String(decoding: bytes, as: UTF8.self))
  }

  /// What was mounted when this process asked first, as `known` tells.
  ///
  /// For questions that no mount of the process's own changes: which servers a path may lead to.
  /// - Throws: as it did then.
  package static func snapshot() throws(StorageError) -> MountTable { try first.get() }
  private static let first: Result<MountTable, StorageError> = {
    do throws(StorageError) { return .success(try MountTable.known()) } catch {
      return .failure(error)
    }
  }()

  /// Whether any server's files are mounted.
  package var hasRemote: Bool { mounts.contains(where: \.isRemote) }

  /// The mounts, where they are needed.
  /// - Throws: a refusal that says so where proc(5) is not mounted.
  package static func needed(proc: Path = Path("/proc")) throws(StorageError) -> MountTable {
    do throws(StorageError) { return try MountTable(proc: proc) } catch {
      guard error.isAbsence else { throw error }
      throw OtherProcesses.untold(proc, "what is mounted")
    }
  }

  /// The mounts as far as they are known: none where proc(5) is not mounted.
  package static func known(proc: Path = Path("/proc")) throws(StorageError) -> MountTable {
    do throws(StorageError) { return try MountTable(proc: proc) } catch {
      guard error.isAbsence else { throw error }
      return MountTable(text: "")
    }
  }

  /// Reads lines `ID PARENT MAJOR:MINOR ROOT TARGET OPTIONS [FIELD]... - TYPE SOURCE SUPEROPTIONS`.
  package init(text: String) {
    mounts = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 2,
        let identifier = Int(fields[0]), let parent = Int(fields[1])
      else { return nil }
      return Mount(
        identifier: identifier, parent: parent, device: String(fields[2]),
        root: Path(verbatim: fields[3].withoutOctal),
        target: Path(verbatim: fields[4].withoutOctal),
        options: fields[5].split(separator: ",").map(String.init),
        type: fields[dash + 1].withoutOctal, source: fields[dash + 2].withoutOctal,
        fileSystemOptions: fields.dropFirst(dash + 3).first?.split(separator: ",").map(
          String.init) ?? [])
    }
  }

  /// What is mounted at exactly this path, on top where there are several.
  package func mount(at path: Path) -> Mount? { mounts.last { $0.target == path } }

  /// The mount that a path without symbolic links and `..` lies on.
  package func mount(holding path: Path) -> Mount? {
    var best: Mount?
    for mount in mounts
    where mount.target == path || mount.target.text == "/" || path.relative(to: mount.target) != nil
    {
      if mount.target.text.utf8.count >= best?.target.text.utf8.count ?? 0 { best = mount }
    }
    return best
  }

  /// Whether a path without symbolic links and `..` lies on a server's mount.
  package func isRemote(_ path: Path) -> Bool {
    mounts.contains {
      $0.isRemote && ($0.target == path || path.relative(to: $0.target) != nil)
    }
  }

  /// A path whose existing part has neither symbolic links nor `..`.
  ///
  /// No server is asked, so links behind one stay, as do those that this user may not follow.
  package func withoutLinks(_ path: Path) throws(StorageError) -> Path {
    if path.text == "/" || !path.isAbsolute { return path }
    if !isRemote(path) {
      do throws(StorageError) {
        if let real = try Process.realPath(path) { return real }
      } catch {
        guard error.code == .permission || error.isUnfollowedLink else { throw error }
      }
    }
    let parent = try withoutLinks(path.parent)
    switch path.lastComponent {
    case ".": return parent
    case "..": return parent.parent
    default: return parent.appending(path.lastComponent)
    }
  }

  /// The mounts below a path, the deepest last.
  package func mounts(below path: Path) -> [Mount] {
    mounts.filter { $0.target.relative(to: path) != nil }
  }
}

extension Substring {
  /// Blanks, tabs, line ends and backslashes stand as `\040` and so on in files of /proc.
  fileprivate var withoutOctal: String { unescaped("\\", digits: 3, radix: 8) }
}
