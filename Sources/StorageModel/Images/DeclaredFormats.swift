/// Formats that a file has only where somebody says so: what tells them stands at the file's end, or is text, and a guest
/// could write it into a raw disk. Sources: what QEMU 7.2 does in block/vpc.c, dmg.c, bochs.c and cloop.c.
extension ImageProbe {
  /// Looks for the one format.
  /// - Returns: false where the file has another one, or the format is one of those that are recognised anyway.
  static func examine(
    _ bytes: ImageBytes, as declared: VolumeFormat, into facts: inout ImageFacts
  ) throws(ProbeStop) -> Bool {
    switch declared {
    case .vpc, .vhd:
      // Two words for one format.
      defer { if facts.format == .vpc { facts.format = declared } }
      if try bytes.has(Magic.vpc, at: 0) {
        try vpc(bytes, into: &facts)
      } else {
        try fixedVPC(bytes, isDeclared: true, into: &facts)
      }
      return facts.format == .vpc
    case .dmg:
      // The trailer of a UDIF image; its last number is that of the disk's sectors.
      let trailer = bytes.size - 512
      guard trailer >= 0, try bytes.has(Array("koly".utf8), at: trailer) else { return false }
      facts.format = .dmg
      facts.capacity = try ImageBytes.size(bytes.big(trailer + 492), unit: 512)
      return true
    case .bochs:
      guard bytes.size >= 512, try bytes.has(Array("Bochs Virtual HD Image\0".utf8), at: 0),
        try bytes.has(Array("Redolog\0".utf8), at: 32),
        try bytes.has(Array("Growing\0".utf8), at: 48)
      else { return false }
      let version = try bytes.little(64, as: UInt32.self)
      guard version == 0x10000 || version == 0x20000 else {
        throw unknownVersion("bochs", version)
      }
      facts.format = .bochs
      facts.capacity = try ImageBytes.size(bytes.little(version == 0x10000 ? 84 : 88))
      return true
    case .cloop:
      guard bytes.size >= 136, try bytes.has(cloopScript, at: 0) else { return false }
      facts.format = .cloop
      let block = try bytes.big(128, as: UInt32.self)
      facts.capacity = try ImageBytes.size(
        UInt64(bytes.big(132, as: UInt32.self)), unit: UInt64(block))
      return true
    case .fat:
      guard bytes.size >= 512, try bytes.has([0x55, 0xaa], at: 510) else { return false }
      for place: Int64 in [54, 82] where try bytes.has(fat, at: place) { facts.format = .fat }
      return facts.format == .fat
    default: return false
    }
  }

  /// How the script begins that every image of cloop's version 2.0 has in front.
  private static let cloopScript = Array("#!/bin/sh\n#V2.0 Format\n".utf8)
  /// What the boot sector of a FAT file system calls it, up to the number.
  private static let fat = Array("FAT".utf8)
}
