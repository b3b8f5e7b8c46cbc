import CStorageShim
import Glibc
import StorageModel

extension Descriptor {
  /// Whether nobody else has the file open; nil where the kernel does not say.
  ///
  /// Asks for a write lease (fcntl(2), F_SETLEASE), which the kernel grants only while this descriptor is the one
  /// open instance: other processes, loop devices and mappings all count. The lease is given back at once. Needs
  /// ownership of the file or CAP_LEASE, and a local file system. Waits a little for readers that only look, such
  /// as a listing.
  /// - Parameter countingReaders: whether those who have it open for reading only count.
  package func isOnlyInstance(countingReaders: Bool) -> Bool? {
    guard knowsLeases else { return nil }
    for _ in 0..<10 {
      if shim_probe_lease(number, countingReaders ? 1 : 0) == 0 { return true }
      guard errno == EAGAIN else { return nil }
      usleep(15_000)
    }
    return false
  }

  /// Whether the kernel's word about leases is one about the file.
  ///
  /// A server that does not entrust the file to this machine, NFS or CIFS, says no whoever has it open.
  var knowsLeases: Bool {
    var magic: UInt64 = 0
    return shim_file_system_magic(number, &magic) == 0
      && ![0x6969, 0xFF53_4D42, 0xFE53_4D42].contains(magic)
  }

  /// Whether a running QEMU has the image open: it holds shared locks on byte 100 + n for what it does and on
  /// byte 200 + n for what others must not do (QEMU, block/file-posix.c, RAW_LOCK_PERM_BASE).
  package func isLockedByQEMU() throws(StorageError) -> Bool {
    for byte in [100..<105, 200..<205].joined() where try isLocked(atByte: byte) { return true }
    return false
  }

  /// Whether somebody else holds a lock on a byte; false where the file system has no locks.
  func isLocked(atByte byte: Int) throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try SystemCall.run(path.text, "cannot tell who holds it") {
        shim_byte_is_locked(number, byte)
      } == 1
    } catch {
      guard [EINVAL, ENOLCK, EOPNOTSUPP].contains(error.number) else { throw error }
      return false
    }
  }
}

/// Who has files open, from /proc and /sys.
package enum OpenFiles {
  /// The processes that have the file open, as `COMMAND (pid N)`, in order of pid; without this process.
  ///
  /// Sees other users' processes only as root. Loop devices are no processes and are named as `/dev/loopN`.
  /// - Parameter countingReaders: whether those count that have it open for reading only.
  /// - Throws: also where /proc or /sys is not mounted.
  package static func holders(
    of identity: FileStatus.Identity, countingReaders: Bool, proc: Path, sys: Path
  ) throws(StorageError) -> [String] {
    let processes = try OtherProcesses.having(countingReaders: countingReaders, in: proc) {
      $0.identity == identity
    }
    var loops: [String] = []
    for name in try loopsBacked(by: identity, sys: sys) {
      let isReadOnly = try SysFile.text(sys.appending("block/\(name)/ro")) == "1"
      if countingReaders || !isReadOnly { loops.append("/dev/\(name)") }
    }
    return processes + loops
  }

  /// The names of loop devices (`loop0`) whose backing file it is.
  package static func loopsBacked(by identity: FileStatus.Identity, sys: Path)
    throws(StorageError) -> [String]
  {
    try LoopDevices.named(sys: sys, onServer: identity.device) { $0.identity == identity }
  }
}

/// The machine's loop devices and the files behind them.
package enum LoopDevices {
  /// Those on a file, which do not notice by themselves that its size changes; none where /sys is not mounted.
  package static func open(on file: FileStatus.Identity, sys: Path) throws(StorageError)
    -> [Descriptor]
  {
    guard try FileStatus.ifPresent(sys.appending("block")) != nil else { return [] }
    var found: [Descriptor] = []
    for name in try OpenFiles.loopsBacked(by: file, sys: sys) {
      found.append(try Descriptor(reading: Path("/dev/\(name)")))
    }
    return found
  }

  /// The names of those (`loop0`) whose backing file fits.
  /// - Parameter server: the device number of a server's file system whose files may be asked for; others of servers
  ///   are not.
  /// - Throws: also where /sys is not mounted.
  static func named(
    sys: Path, onServer server: UInt64? = nil, where fits: (FileStatus) -> Bool
  ) throws(StorageError) -> [String] {
    let block = sys.appending("block")
    guard try FileStatus.ifPresent(block) != nil else { throw untold(sys) }
    var table: MountTable?
    var found: [String] = []
    for name in try SysFile.names(in: block) where name.hasPrefix("loop") {
      guard let text = try SysFile.text(block.appending("\(name)/loop/backing_file")),
        text.hasPrefix("/")
      else { continue }
      let path = Path(text)
      let mounts: MountTable
      if let table { mounts = table } else { mounts = try MountTable.needed() }
      table = mounts
      if let mount = mounts.mount(holding: path), mount.isRemote,
        server.map({ mount.device != "\($0 >> 32):\($0 & 0xffff_ffff)" }) ?? true
      {
        continue
      }
      // One that was removed says so behind its name, and cannot be any that has one.
      guard let status = try FileStatus.known(path), fits(status) else { continue }
      found.append(name)
    }
    return found
  }

  /// The refusal where /sys is needed and not mounted.
  static func untold(_ sys: Path) -> StorageError {
    StorageError(
      .busy, "", "cannot tell who uses it: '\(sys)' is not mounted",
      hint: "Mount it: mount -t sysfs sysfs \(sys)")
  }
}

extension Descriptor {
  /// Makes a loop device notice that its backing file has another size (ioctl LOOP_SET_CAPACITY).
  package func refreshLoopSize() throws(StorageError) {
    SystemCall.willChange("ioctl LOOP_SET_CAPACITY")
    try SystemCall.run(path.text, "cannot refresh the size of the loop device") {
      shim_refresh_loop_size(number)
    }
  }
}
