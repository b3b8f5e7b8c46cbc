import Glibc
import StorageModel

/// Who uses a block device, from /sys and /proc.
package enum DeviceUse {
  /// Everything that uses the device or a partition of it, in words that follow "in use by", none twice.
  ///
  /// That is devices built on it, mounts, swap, loop devices, and the processes that have it open but for this one.
  /// Sees other users' processes only as root.
  /// - Parameter countingReaders: whether processes count that have it open for reading only. All else always counts.
  package static func holders(
    of device: DeviceNumber, countingReaders: Bool, proc: Path, sys: Path
  ) throws(StorageError) -> [String] {
    guard try FileStatus.ifPresent(sys.appending("dev/block")) != nil else {
      throw LoopDevices.untold(sys)
    }
    let parts = [device] + (try partitions(of: device, sys: sys).map(\.device))
    var found: [String] = []
    let mounts = try MountTable.needed(proc: proc).mounts
    let swaps = try swapDevices(proc: proc)
    for part in parts {
      found += try stacked(on: part, sys: sys)
      for mount in mounts where try mount.holds(part) {
        found.append("the mount '\(mount.target)'")
      }
      if swaps.contains(part) { found.append("swapping") }
    }
    func isPart(_ status: FileStatus) -> Bool {
      status.kind == .blockDevice && parts.contains(status.device)
    }
    found += try LoopDevices.named(sys: sys, where: isPart).map { "/dev/\($0)" }
    // Whoever only looks, as udev does after every change, is gone in a moment.
    var users: [String] = []
    for attempt in 0..<10 {
      users = try OtherProcesses.having(countingReaders: countingReaders, in: proc, where: isPart)
      if users.isEmpty || !found.isEmpty { break }
      if attempt < 9 { usleep(20_000) }
    }
    found += users
    var seen: Set<ByteString> = []
    return found.filter { seen.insert(ByteString($0)).inserted }
  }

  /// One partition that the kernel knows.
  package struct Partition: Equatable, Sendable {
    package let number: Int
    package let device: DeviceNumber
    /// The kernel's name, as `sda1`.
    package let name: String
    package let start: ByteCount
    package let size: ByteCount
  }

  /// The partitions of a disk that the kernel knows, by number; none of what is no disk.
  package static func partitions(of disk: DeviceNumber, sys: Path) throws(StorageError)
    -> [Partition]
  {
    let folder = sys.appending("dev/block/\(disk)")
    var found: [Partition] = []
    for name in try SysFile.names(in: folder) {
      let part = folder.appending(name)
      // Sizes in /sys count sectors of 512 bytes, whatever the device's are.
      guard let number = try SysFile.text(part.appending("partition")).flatMap({ Int($0) }),
        let device = try SysFile.text(part.appending("dev")).flatMap({ DeviceNumber($0) }),
        let start = try SysFile.text(part.appending("start")).flatMap({ Int64($0) }),
        let size = try SysFile.text(part.appending("size")).flatMap({ Int64($0) })
      else { continue }
      found.append(
        Partition(
          number: number, device: device, name: name, start: ByteCount(start * 512),
          size: ByteCount(size * 512)))
    }
    return found.sorted { $0.number < $1.number }
  }

  /// The kernel's name of a device, as `sda`; nil where it knows none.
  package static func kernelName(of device: DeviceNumber, sys: Path) throws(StorageError) -> String?
  {
    try Process.realPath(sys.appending("dev/block/\(device)"))?.lastComponent
  }

  /// The size of a device's logical sectors, without opening it; nil where the kernel does not know the device.
  package static func sectorSize(of device: DeviceNumber, sys: Path) throws(StorageError)
    -> ByteCount?
  {
    try SysFile.text(sys.appending("dev/block/\(device)/queue/logical_block_size"))
      .flatMap { UInt64($0) }.flatMap { ByteCount(exactly: $0) }
  }

  /// The devices that are built on one: device mapper, md, bcache.
  private static func stacked(on device: DeviceNumber, sys: Path) throws(StorageError) -> [String] {
    let folder = sys.appending("dev/block/\(device)/holders")
    var found: [String] = []
    for name in try SysFile.names(in: folder) {
      let mapped = try SysFile.text(folder.appending("\(name)/dm/name"))
      found.append(mapped.map { "/dev/mapper/\($0)" } ?? "/dev/\(name)")
    }
    return found
  }

  private static func swapDevices(proc: Path) throws(StorageError) -> Set<DeviceNumber> {
    // A kernel that cannot swap has no such file.
    let lines = try SysFile.text(proc.appending("swaps"))?.split(separator: "\n").dropFirst() ?? []
    var found: Set<DeviceNumber> = []
    for line in lines {
      guard let word = line.split(whereSeparator: \.isWhitespace).first, word.hasPrefix("/"),
        let status = try FileStatus.ifPresent(known: Path(String(word))),
        status.kind == .blockDevice
      else { continue }
      found.insert(status.device)
    }
    return found
  }
}

extension Mount {
  /// Whether it shows a file system on the device; those with a number of their own, as Btrfs, are told by what
  /// was mounted.
  fileprivate func holds(_ device: DeviceNumber) throws(StorageError) -> Bool {
    if self.device == "\(device)" { return true }
    guard self.device.hasPrefix("0:"), source.hasPrefix("/"), !isRemote,
      let status = try FileStatus.ifPresent(Path(source))
    else { return false }
    return status.kind == .blockDevice && status.device == device
  }
}
