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
    // A server that does not entrust the file to this machine, NFS or CIFS, says no to the lease whoever has it open.
    var magic: UInt64 = 0
    guard shim_file_system_magic(number, &magic) == 0,
      ![0x6969, 0xFF53_4D42, 0xFE53_4D42].contains(magic)
    else { return nil }
    for _ in 0..<10 {
      if shim_probe_lease(number, countingReaders ? 1 : 0) == 0 { return true }
      guard errno == EAGAIN else { return nil }
      usleep(15_000)
    }
    return false
  }

  /// Whether a running QEMU has the image open: it holds shared locks on byte 100 + n for what it does and on
  /// byte 200 + n for what others must not do (QEMU, block/file-posix.c, RAW_LOCK_PERM_BASE).
  package func isLockedByQEMU() -> Bool {
    (100..<105).contains { shim_byte_is_locked(number, $0) == 1 }
      || (200..<205).contains { shim_byte_is_locked(number, $0) == 1 }
  }
}

/// Who has files open, from /proc.
package enum OpenFiles {
  /// The processes that have the file open, as `COMMAND (pid N)`, in order of pid; without this process.
  ///
  /// Sees other users' processes only as root. Loop devices are no processes and are named as `/dev/loopN`.
  package static func holders(of identity: FileStatus.Identity, proc: Path, sys: Path) -> [String] {
    processes(of: identity, proc: proc) + loopDevices(of: identity, sys: sys)
  }

  private static func processes(of identity: FileStatus.Identity, proc: Path) -> [String] {
    OtherProcesses.named(in: proc) { process in
      let files = process.appending("fd")
      let names = (try? Folder(opening: files).entries()) ?? []
      return names.contains { name in
        // Without asking the server of a file that some process has open.
        (try? FileStatus(known: files.appending(name.name)))?.identity == identity
      }
    }
  }

  private static func loopDevices(of identity: FileStatus.Identity, sys: Path) -> [String] {
    loopsBacked(by: identity, sys: sys).map { "/dev/\($0)" }
  }

  /// The names of loop devices (`loop0`) whose backing file it is.
  package static func loopsBacked(by identity: FileStatus.Identity, sys: Path) -> [String] {
    let block = sys.appending("block")
    guard let folder = try? Folder(opening: block), let entries = try? folder.entries() else {
      return []
    }
    let table = try? MountTable()
    return entries.map(\.name).filter { $0.hasPrefix("loop") }.sorted().filter { name in
      let file = block.appending("\(name)/loop/backing_file")
      guard let bytes = try? Descriptor(reading: file).readAll(limit: 8192) else { return false }
      let path = Path(String(decoding: bytes, as: UTF8.self).trimmed)
      // The server of another file is not asked.
      if let mount = table?.mount(holding: path), mount.isRemote,
        mount.device != "\(identity.device >> 32):\(identity.device & 0xffff_ffff)"
      {
        return false
      }
      return (try? FileStatus(following: path))?.identity == identity
    }
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
