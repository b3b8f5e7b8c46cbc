import StorageHost
import StorageModel
import StorageOS

/// The paths of devices below a pool's target, such as udev's links in /dev/disk/by-path.
///
/// A device's own name depends on the order in which devices were found, so another path is wanted where there is one.
package struct StablePaths: Sendable {
  package let target: Path
  private let dev: Path
  /// By the name of the device, as `sda`.
  private let links: [ByteString: Path]

  /// Reads the target's folder once; one that is not there has no links.
  package init(target: Path, host: HostFolders) throws(StorageError) {
    self.target = target
    dev = host.dev
    guard StablePaths.areWanted(in: target, dev: dev) else {
      links = [:]
      return
    }
    let folder = try Process.realPath(dev)
    var found: [ByteString: Path] = [:]
    // Of several links to a device the first by name is taken, always the same.
    for name in try SysFile.names(in: target) {
      let link = target.appending(name)
      guard let real = try Process.realPath(link), real.parent == folder,
        real.lastComponent != name, found[real.lastComponent] == nil
      else { continue }
      found[real.lastComponent] = link
    }
    links = found
  }

  /// Whether a target stands for links rather than for the devices' own names.
  package static func areWanted(in target: Path, dev: Path) -> Bool { target != dev }

  /// Whether a device has a link in the target.
  package func hasLink(to device: String) -> Bool { links[device] != nil }

  /// The path of a device: its link in the target, else the device's own.
  package func path(of device: String) -> Path { links[device] ?? dev.appending(device) }

  /// - Throws: `badInput` in libvirt's words for a target in which there can be no devices.
  package static func check(target: Path, dev: Path) throws(StorageError) {
    guard target == dev || target.relative(to: dev) != nil else {
      throw StorageError(
        .badInput, "", "unable to use target path '\(target)'",
        reason: "paths of SCSI devices are below '\(dev)', as '\(dev)/disk/by-path'")
    }
  }
}
