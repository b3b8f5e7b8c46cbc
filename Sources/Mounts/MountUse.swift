import StorageModel
import StorageOS

/// Who keeps a mount from being unmounted.
package enum MountUse {
  /// Everybody who uses something below the mount, each in words that follow "in use by".
  ///
  /// These are mounts in it, loop devices on its files, and processes, as `COMMAND (pid N)`, that have a file there
  /// open, mapped, or as their program, root or current folder. This process does not count.
  ///
  /// Sees other users' processes only as root. Looks at names only, so no server is waited for.
  package static func holders(of target: Path, proc: Path, sys: Path) throws(StorageError)
    -> [String]
  {
    let nested = try MountTable.needed(proc: proc).mounts(below: target).map {
      "the mount '\($0.target)'"
    }
    let processes = try OtherProcesses.named(in: proc) { process throws(StorageError) in
      try uses(process, target)
    }
    return try nested + loops(below: target, sys: sys) + processes
  }

  private static func isBelow(_ path: Path, _ target: Path) -> Bool {
    path == target || path.relative(to: target) != nil
  }

  private static func loops(below target: Path, sys: Path) throws(StorageError) -> [String] {
    let block = sys.appending("block")
    var found: [String] = []
    for name in try SysFile.names(in: block) where name.hasPrefix("loop") {
      guard let file = try SysFile.text(block.appending("\(name)/loop/backing_file")),
        isBelow(Path(verbatim: file), target)
      else { continue }
      found.append("/dev/\(name)")
    }
    return found
  }

  private static func uses(_ process: Path, _ target: Path) throws(StorageError) -> Bool {
    func leads(_ link: Path) throws(StorageError) -> Bool {
      try SymbolicLink.target(of: link).map { isBelow($0, target) } ?? false
    }
    for name in ["cwd", "root", "exe"] where try leads(process.appending(name)) { return true }
    for number in try SysFile.names(in: process.appending("fd"))
    where try leads(process.appending("fd/\(number)")) {
      return true
    }
    // `ADDRESSES MODE OFFSET DEVICE INODE   PATH`, blanks in the path as they are.
    let bytes = try SysFile.bytes(process.appending("maps"), limit: 16 << 20) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
      guard let slash = line.firstIndex(of: "/") else { return false }
      return isBelow(Path(verbatim: String(line[slash...])), target)
    }
  }
}
