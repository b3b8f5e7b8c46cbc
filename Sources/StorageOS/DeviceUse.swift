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
    let parts = [device] + partitions(of: device, sys: sys).map(\.device)
    var found: [String] = []
    let mounts = try MountTable(proc: proc).mounts
    let swaps = swapDevices(proc: proc)
    for part in parts {
      found += stacked(on: part, sys: sys)
      found += mounts.filter { $0.holds(part) }.map { "the mount '\($0.target)'" }
      if swaps.contains(part) { found.append("swapping") }
      found += loops(on: part, sys: sys).map { "/dev/\($0)" }
    }
    // Whoever only looks, as udev does after every change, is gone in a moment.
    var users: [String] = []
    for attempt in 0..<10 {
      users = processes(having: Set(parts), countingReaders: countingReaders, proc: proc)
      if users.isEmpty || !found.isEmpty { break }
      if attempt < 9 { usleep(20_000) }
    }
    found += users
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }
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
  package static func partitions(of disk: DeviceNumber, sys: Path) -> [Partition] {
    let folder = sys.appending("dev/block/\(disk)")
    guard let entries = try? Folder(opening: folder).entries() else { return [] }
    var found: [Partition] = []
    for entry in entries {
      let part = folder.appending(entry.name)
      // Sizes in /sys count sectors of 512 bytes, whatever the device's are.
      guard let number = SysFile.text(part.appending("partition")).flatMap({ Int($0) }),
        let device = SysFile.text(part.appending("dev")).flatMap({ DeviceNumber($0) }),
        let start = SysFile.text(part.appending("start")).flatMap({ Int64($0) }),
        let size = SysFile.text(part.appending("size")).flatMap({ Int64($0) })
      else { continue }
      found.append(
        Partition(
          number: number, device: device, name: entry.name, start: ByteCount(start * 512),
          size: ByteCount(size * 512)))
    }
    return found.sorted { $0.number < $1.number }
  }

  /// The kernel's name of a device, as `sda`; nil where it knows none.
  package static func kernelName(of device: DeviceNumber, sys: Path) -> String? {
    Process.realPath(sys.appending("dev/block/\(device)"))?.lastComponent
  }

  /// The size of a device's logical sectors, without opening it; nil where the kernel does not know the device.
  package static func sectorSize(of device: DeviceNumber, sys: Path) -> ByteCount? {
    SysFile.text(sys.appending("dev/block/\(device)/queue/logical_block_size"))
      .flatMap { UInt64($0) }.flatMap { ByteCount(exactly: $0) }
  }

  /// The devices that are built on one: device mapper, md, bcache.
  private static func stacked(on device: DeviceNumber, sys: Path) -> [String] {
    let folder = sys.appending("dev/block/\(device)/holders")
    guard let entries = try? Folder(opening: folder).entries() else { return [] }
    return entries.map(\.name).sorted().map { name in
      if let mapped = SysFile.text(folder.appending("\(name)/dm/name")) {
        return "/dev/mapper/\(mapped)"
      }
      return "/dev/\(name)"
    }
  }

  private static func swapDevices(proc: Path) -> Set<DeviceNumber> {
    guard let bytes = try? Descriptor(reading: proc.appending("swaps")).readAll(limit: 1 << 20)
    else { return [] }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst()
    return Set(
      lines.compactMap { line in
        line.split(whereSeparator: \.isWhitespace).first.flatMap {
          deviceNumber(of: Path(String($0)))
        }
      })
  }

  /// The loop devices whose backing file is a node of the device.
  private static func loops(on device: DeviceNumber, sys: Path) -> [String] {
    let block = sys.appending("block")
    guard let entries = try? Folder(opening: block).entries() else { return [] }
    // No node of a device lies on a server, which must not be asked.
    let table = try? MountTable()
    return entries.map(\.name).filter { $0.hasPrefix("loop") }.sorted().filter { name in
      guard let file = SysFile.text(block.appending("\(name)/loop/backing_file")),
        table?.mount(holding: Path(file))?.isRemote != true
      else { return false }
      return deviceNumber(of: Path(file)) == device
    }
  }

  private static func processes(
    having devices: Set<DeviceNumber>, countingReaders: Bool, proc: Path
  ) -> [String] {
    OtherProcesses.named(in: proc) { process in
      let names = (try? Folder(opening: process.appending("fd")).entries()) ?? []
      return names.contains { name in
        guard let device = deviceNumber(of: process.appending("fd/\(name.name)")),
          devices.contains(device)
        else { return false }
        return countingReaders || isOpenForWriting(process.appending("fdinfo/\(name.name)"))
      }
    }
  }

  /// Reads the line `flags:` (proc(5), /proc/PID/fdinfo), which is octal; what cannot be read counts as writing.
  private static func isOpenForWriting(_ file: Path) -> Bool {
    let lines = SysFile.text(file)?.split(separator: "\n") ?? []
    guard let flags = lines.first(where: { $0.hasPrefix("flags:") }),
      let word = flags.split(whereSeparator: \.isWhitespace).last, let value = Int32(word, radix: 8)
    else { return true }
    return value & O_ACCMODE != O_RDONLY
  }

  /// Which device a node stands for; nil of what is no node of a block device.
  private static func deviceNumber(of path: Path) -> DeviceNumber? {
    guard path.isAbsolute, let status = try? FileStatus(known: path),
      status.kind == .blockDevice
    else { return nil }
    return status.device
  }
}

extension Mount {
  /// Whether it shows a file system on the device; those with a number of their own, as Btrfs, are told by what
  /// was mounted.
  fileprivate func holds(_ device: DeviceNumber) -> Bool {
    if self.device == "\(device)" { return true }
    guard self.device.hasPrefix("0:"), source.hasPrefix("/"), !isRemote,
      let status = try? FileStatus(following: Path(source))
    else { return false }
    return status.kind == .blockDevice && status.device == device
  }
}
