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
    let nested = try MountTable(proc: proc).mounts(below: target).map { "the mount '\($0.target)'" }
    let processes = OtherProcesses.named(in: proc) { uses($0, target) }
    return nested + loops(below: target, sys: sys) + processes
  }

  private static func isBelow(_ path: Path, _ target: Path) -> Bool {
    path == target || path.relative(to: target) != nil
  }

  private static func loops(below target: Path, sys: Path) -> [String] {
    let block = sys.appending("block")
    guard let entries = try? Folder(opening: block).entries() else { return [] }
    return entries.map(\.name).filter { $0.hasPrefix("loop") }.sorted().filter { name in
      guard let file = text(block.appending("\(name)/loop/backing_file")) else { return false }
      return isBelow(Path(verbatim: file), target)
    }.map { "/dev/\($0)" }
  }

  private static func uses(_ process: Path, _ target: Path) -> Bool {
    func leads(_ link: Path) -> Bool {
      SymbolicLink.target(of: link).map { isBelow($0, target) } ?? false
    }
    if ["cwd", "root", "exe"].contains(where: { leads(process.appending($0)) }) { return true }
    let files = (try? Folder(opening: process.appending("fd")).entries()) ?? []
    if files.contains(where: { leads(process.appending("fd/\($0.name)")) }) { return true }
    // `ADDRESSES MODE OFFSET DEVICE INODE   PATH`, blanks in the path as they are.
    guard let maps = text(process.appending("maps")) else { return false }
    return maps.split(separator: "\n").contains { line in
      guard let slash = line.firstIndex(of: "/") else { return false }
      return isBelow(Path(verbatim: String(line[slash...])), target)
    }
  }

  private static func text(_ file: Path) -> String? {
    guard let bytes = try? Descriptor(reading: file).readAll(limit: 16 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self).trimmed
  }
}
