import BlockVolumes
import StorageHost
import StorageModel
import StorageOS

/// Finds the units of a SCSI host and waits until each can be used.
///
/// The kernel knows a unit when a scan ends, but its driver makes the block device a moment later, and udev, where it
/// runs, the links after that. Where no udev runs nobody loads the driver either.
package struct UnitScan: Sendable {
  private let tree: SCSITree
  private let host: HostFolders
  private let target: Path
  /// Seconds to wait for devices and links.
  private let patience: Double

  package init(target: Path, host: HostFolders) {
    tree = SCSITree(sys: host.sys)
    self.host = host
    self.target = target
    patience = host.answerTimeout
  }

  /// Scans a host.
  ///
  /// Units that do not become usable in time are no error: the listing tells them.
  /// - Parameters:
  ///   - growing: whether the sizes of known units are asked for again.
  ///   - awaitingFirst: whether a host without any unit is waited for, as links that only come up are.
  package func run(on number: UInt32, growing: Bool, awaitingFirst: Bool = false)
    throws(StorageError)
  {
    let known = growing ? try tree.units(ofHost: number) : []
    try tree.scan(host: number)
    for unit in known where unit.isRunning {
      guard try tree.unit(at: unit.address) != nil else { continue }
      // One that does not tell its size keeps the one that it had, and the listing says what is wrong with it.
      try? tree.rescan(unit.address)
    }
    if awaitingFirst {
      _ = try Waiting.upTo(seconds: patience) { () throws(StorageError) in
        if try !tree.units(ofHost: number).isEmpty { return true }
        try tree.scan(host: number)
        return false
      }
    }
    try settle(number)
  }

  /// Waits until every unit that answers has its device, and its link where udev makes some.
  private func settle(_ number: UInt32) throws(StorageError) {
    var loaded: Set<ByteString> = []
    let hasUdev = try hasUdev()
    let awaitsLinks = StablePaths.areWanted(in: target, dev: host.dev) && hasUdev
    _ = try Waiting.upTo(seconds: patience) { () throws(StorageError) in
      let units = try tree.units(ofHost: number).filter(\.isRunning)
      for unit in units where unit.device == nil {
        let (driver, module) = unit.type == 0 ? ("sd", "sd_mod") : ("sr", "sr_mod")
        guard loaded.insert(module).inserted, !hasUdev, try !tree.hasDriver(driver) else {
          continue
        }
        load(module)
      }
      let devices = units.compactMap(\.device)
      guard devices.count == units.count else { return false }
      for device in devices {
        guard try FileStatus.ifPresent(host.dev.appending(device)) != nil else { return false }
      }
      guard awaitsLinks else { return true }
      let paths = try StablePaths(target: target, host: host)
      return devices.allSatisfy(paths.hasLink)
    }
  }

  /// Whether udevd runs: it listens here (systemd-udevd.service(8)).
  private func hasUdev() throws(StorageError) -> Bool {
    try FileStatus.ifPresent(Path("/run/udev/control")) != nil
  }

  /// A module that cannot be loaded may be built into the kernel; whether it helped is seen by its devices.
  private func load(_ module: String) {
    _ = try? Program.modprobe.run([module], on: module, timeout: patience)
  }
}

extension Program {
  static let modprobe = Program("modprobe", package: "kmod")
}
