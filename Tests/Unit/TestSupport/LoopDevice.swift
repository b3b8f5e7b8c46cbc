import StorageModel
import StorageOS

/// A block device whose blocks are a sparse file; gone when the last reference goes.
package final class LoopDevice: Sendable {
  private let home: TemporaryFolder
  package let path: Path

  /// Whether this machine can make one.
  package static let isPossible =
    Process.isRoot && Shell.exists("losetup") && Shell.run("losetup --find").status == 0

  /// - Parameter sector: bytes of a logical sector.
  package init(mebibytes: Int, sector: Int = 512) throws {
    home = try TemporaryFolder()
    let made = try home.shell(
      "truncate -s \(mebibytes)M image && losetup --show --sector-size \(sector) -f image")
    path = Path(made.trimmed)
  }

  deinit { _ = Shell.run("losetup -d '\(path)'") }
}
