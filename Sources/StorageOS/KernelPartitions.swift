import CStorageShim
import Glibc
import StorageModel

/// Telling the kernel of partitions, whether or not it reads partition tables itself (ioctl BLKPG).
extension Descriptor {
  /// Makes the kernel show a part of the open disk as a partition, whose node then appears.
  /// - Throws: `busy` where the kernel has another partition in the way.
  package func addKernelPartition(_ number: Int, from start: ByteCount, size: ByteCount)
    throws(StorageError)
  {
    SystemCall.willChange("ioctl BLKPG_ADD_PARTITION")
    try SystemCall.run(path.text, "cannot tell the kernel of partition \(number)") {
      shim_partition_add(self.number, Int32(number), start.bytes, size.bytes)
    }
  }

  /// Makes the kernel forget a partition.
  /// - Throws: `busy` where somebody has it open.
  package func removeKernelPartition(_ number: Int) throws(StorageError) {
    SystemCall.willChange("ioctl BLKPG_DEL_PARTITION")
    try SystemCall.run(path.text, "cannot make the kernel forget partition \(number)") {
      shim_partition_remove(self.number, Int32(number))
    }
  }

  /// Gives a partition that the kernel knows another size, also while it is in use.
  package func resizeKernelPartition(_ number: Int, from start: ByteCount, size: ByteCount)
    throws(StorageError)
  {
    SystemCall.willChange("ioctl BLKPG_RESIZE_PARTITION")
    try SystemCall.run(path.text, "cannot tell the kernel the size of partition \(number)") {
      shim_partition_resize(self.number, Int32(number), start.bytes, size.bytes)
    }
  }

  /// Locks the open disk against others who change its partition table, and udev's probing, for as long as the
  /// descriptor is open (flock(2); the convention is systemd's, "Locking Block Device Access").
  /// - Parameter timeout: seconds to wait.
  /// - Throws: `lockTimeout`.
  package func lockDevice(exclusive: Bool, timeout: Double = 60) throws(StorageError) {
    let end = Clock.monotonicSeconds() + timeout
    while shim_flock(number, exclusive ? 1 : 0) != 0 {
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        throw StorageError(errno: code, path.text, "cannot lock")
      }
      try Interruption.check()
      guard Clock.monotonicSeconds() < end else {
        throw StorageError(
          .lockTimeout, path.text, "is locked by another program that changes its partitions")
      }
      usleep(20_000)
    }
  }
}

extension Folder {
  /// Makes the node of a block device where /dev does not follow the kernel by itself: in containers.
  package func makeBlockNode(_ name: String, for device: DeviceNumber) throws(StorageError) {
    SystemCall.willChange("mknodat")
    try SystemCall.run(path.appending(name).text, "cannot create device node") {
      shim_make_block_node(descriptor.number, name, 0o660, device.major, device.minor)
    }
  }
}
