import StorageModel
import StorageOS

/// Finds the program of a driver process.
package enum DriverLookup {
  /// Where programs of drivers are, in the order in which they are looked for.
  private static let usual = ["/usr/lib/cistern/drivers", "/usr/local/lib/cistern/drivers"]

  /// The folders that are searched: those of `CISTERN_DRIVERS`, with colons between them, else the usual ones.
  static var folders: [Path] {
    let given = Process.environment("CISTERN_DRIVERS")?.split(separator: ":").map(String.init)
    return (given ?? usual).map { Path($0) }.filter(\.isAbsolute)
  }

  /// The program of a driver.
  /// - Parameter subject: what errors are about.
  /// - Throws: `unsupported` where there is none, naming the folders; `permission` where root would run what others can
  ///   change.
  package static func program(of driver: DriverName, _ subject: String) throws(StorageError) -> Path
  {
    for folder in folders {
      let path = folder.appending("cistern-driver-\(driver)")
      guard let real = try Process.realPath(path) else { continue }
      try check(real, subject)
      return path
    }
    let searched = folders.map(\.text).joined(separator: ", ")
    throw StorageError(
      .unsupported, subject,
      "driver '\(driver)' is neither built in nor installed: no 'cistern-driver-\(driver)' in \(searched)"
    )
  }

  /// Refuses a program that somebody else could replace, where it would run as root.
  ///
  /// In a folder with the sticky bit nobody replaces what belongs to root; the program's own folder must not be such one,
  /// where others can put what it may load.
  package static func check(_ program: Path, _ subject: String) throws(StorageError) {
    let status = try FileStatus(following: program)
    guard status.kind == .regular, status.mode & 0o111 != 0 else {
      throw StorageError(.permission, subject, "'\(program)' is no program that can be run")
    }
    guard Process.isRoot else { return }
    var path = program
    var isFolderOfProgram = false
    while true {
      let status = try FileStatus(following: path)
      let isSticky = status.kind == .folder && status.mode & 0o1000 != 0 && !isFolderOfProgram
      guard status.owner == 0, status.mode & 0o022 == 0 || isSticky else {
        throw StorageError(
          .permission, subject,
          "'\(program)' is not run as root: others than root can change '\(path)'")
      }
      if path == Path("/") { return }
      isFolderOfProgram = path == program
      path = path.parent
    }
  }
}
