import CBlkid
import StorageModel
import StorageOS

/// Something that a device carries, by the marks that it leaves there.
package struct Signature: Equatable, Sendable {
  package enum Use: String, Sendable {
    case fileSystem = "filesystem"
    /// A part of something larger: a physical volume of LVM, a disk of a RAID.
    case member = "raid"
    case encryption = "crypto"
    case partitionTable = "partitions"
    case other
  }

  package let use: Use
  /// libblkid's word: `ext4`, `LVM2_member`, `crypto_LUKS`, `gpt`.
  package let type: String

  package init(_ use: Use, _ type: String) {
    self.use = use
    self.type = type
  }

  /// Everything that libblkid finds on an open device or file, in its order; none where there is nothing it knows.
  ///
  /// A device can carry several: what an older use left stays until it is overwritten.
  /// - Throws: `unsupported` where libblkid is missing, naming its package; the system's error where the device
  ///   cannot be read.
  package static func all(on device: Descriptor) throws(StorageError) -> [Signature] {
    var problem = [CChar](repeating: 0, count: 256)
    guard shim_blkid_load(&problem, problem.count) == 0 else {
      let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw StorageError(
        .unsupported, "", "cannot load libblkid: \(String(decoding: text, as: UTF8.self))",
        reason: "install the package libblkid1")
    }
    var found: [Signature] = []
    _ = try withUnsafeMutablePointer(to: &found) { list throws(StorageError) in
      try SystemCall.run(device.path.text, "cannot probe what is on it") {
        shim_blkid_probe(
          device.number,
          { context, usage, type in
            guard let usage, let type else { return }
            context?.assumingMemoryBound(to: [Signature].self).pointee.append(
              Signature(Use(rawValue: String(cString: usage)) ?? .other, String(cString: type)))
          }, list)
      }
    }
    return found
  }
}
