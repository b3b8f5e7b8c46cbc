import Signatures
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("What a device carries")
struct SignatureTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func found(_ line: String, _ size: String = "64M") throws -> [Signature] {
    try temporary.shell("truncate -s \(size) image && PATH=$PATH:/usr/sbin:/sbin && \(line)")
    return try Signature.all(on: temporary.open("image"))
  }

  @Test("nothing on zeroes and on noise")
  func nothing() throws {
    #expect(try found("true").isEmpty)
    #expect(try found("head -c 1M /dev/urandom | dd of=image conv=notrunc status=none").isEmpty)
  }

  @Test(
    "file systems",
    arguments: [
      ("mkfs.ext2 -q image", "ext2"), ("mkfs.ext4 -q image", "ext4"),
      ("mkfs.xfs -q -f image", "xfs"), ("mkfs.btrfs -q image", "btrfs"),
    ])
  func fileSystems(line: String, type: String) throws {
    #expect(try found(line, "512M") == [Signature(.fileSystem, type)])
  }

  @Test("partition tables", arguments: ["gpt", "dos"])
  func partitionTables(type: String) throws {
    let line = "echo 'label: \(type)' | sfdisk -q image >/dev/null"
    #expect(try found(line) == [Signature(.partitionTable, type)])
  }

  @Test("what an older use left is found beside the newer one")
  func several() throws {
    let line = "mkfs.ext4 -q image && echo 'label: dos' | sfdisk -q --wipe never image >/dev/null"
    let signatures = try found(line)
    #expect(signatures.contains(Signature(.fileSystem, "ext4")))
    #expect(signatures.contains(Signature(.partitionTable, "dos")))
  }

  @Test("what cannot be read is an error")
  func unreadable() throws {
    #expect(throws: StorageError.self) {
      try Signature.all(on: Descriptor(opening: temporary.path, flags: Descriptor.readOnly))
    }
  }
}
