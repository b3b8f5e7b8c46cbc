import Glibc
import StorageModel
import StorageOS

/// A new file system in a sparse image, mounted through a loop device; gone when the last reference goes.
package final class MountedFileSystem: Sendable {
  private let home: TemporaryFolder
  package let path: Path

  /// Whether this machine can make one of that type.
  package static func isPossible(_ type: String) -> Bool {
    Process.isRoot && Shell.exists("mkfs.\(type)") && Shell.exists("losetup")
      && Shell.run("losetup --find").status == 0
      && Shell.run("grep -qw \(type) /proc/filesystems || modprobe \(type)").status == 0
  }

  /// - Parameter megabytes: the size of the image; XFS wants 300 at least.
  package init(_ type: String, megabytes: Int = 320) throws {
    home = try TemporaryFolder()
    path = home.path.appending("mounted")
    try home.shell("mkdir mounted && truncate -s \(megabytes)M image && mkfs.\(type) -q image")
    try home.shell("mount -o loop,nodev,nosuid,noexec image mounted")
  }

  deinit { _ = Shell.run("umount '\(path)' || umount -l '\(path)'") }
}
