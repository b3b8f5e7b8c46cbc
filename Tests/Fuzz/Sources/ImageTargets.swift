import StorageModel

/// The readers of image headers: one target for each format, in which the input always begins as that format does,
/// and one for whatever comes.
///
/// The input is the beginning of a file; behind it are zeroes. Its last byte says how large the file is.
enum ImageTargets {
  static let all: [Target] =
    [Target(name: "image", run: { probe($0, magic: [], at: 0) })]
    + formats.map { format in
      Target(name: "image-\(format.name)") { probe($0, magic: format.magic, at: format.offset) }
    }

  private struct Format: Sendable {
    let name: String
    let magic: [UInt8]
    var offset = 0
  }

  private static let formats = [
    Format(name: "qcow", magic: [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 1]),
    Format(name: "qcow2", magic: [0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]),
    Format(name: "qed", magic: [0x51, 0x45, 0x44, 0]),
    Format(name: "vmdk", magic: Array("KDMV".utf8)),
    Format(name: "vdi", magic: [0x7f, 0x10, 0xda, 0xbe], offset: 64),
    Format(name: "vpc", magic: Array("conectix".utf8)),
    Format(name: "vhdx", magic: Array("vhdxfile".utf8)),
    Format(name: "luks", magic: Array("LUKS".utf8) + [0xba, 0xbe, 0, 1]),
    Format(name: "luks2", magic: Array("LUKS".utf8) + [0xba, 0xbe, 0, 2]),
    Format(name: "ploop", magic: Array("WithouFreSpacExt".utf8)),
    Format(name: "cow", magic: Array("OOOM".utf8)),
  ]

  private static let sizes: [Int64] = [1024, 1 << 20, 4 << 20, 1 << 40, .max, 1 << 20 + 512]

  private static func probe(_ input: [UInt8], magic: [UInt8], at offset: Int) {
    var bytes = input
    let selector = Int(bytes.popLast() ?? 0)
    let choice = selector % (sizes.count + 1)
    let declared = VolumeFormat.allCases[selector / (sizes.count + 1) % VolumeFormat.allCases.count]
    if !magic.isEmpty, bytes.count >= offset + magic.count {
      bytes.replaceSubrange(offset..<offset + magic.count, with: magic)
    }
    let size = choice == 0 ? Int64(bytes.count) : sizes[choice - 1]
    // Small inputs reach VHDX's far tables, too: what follows the first 4 KiB stands where those are.
    let isSpread = bytes.starts(with: "vhdxfile".utf8)
    var reads = 0
    let facts = ImageProbe.probe(size: ByteCount(size), as: declared) {
      (offset, count) -> [UInt8] in
      reads += 1
      require(reads <= 24, "reads too often")
      require(count > 0 && count <= 12 << 10, "asks for \(count) bytes")
      require(offset >= 0 && offset <= size - Int64(count), "asks for bytes that are not there")
      return (offset..<offset + Int64(count)).map { byte(bytes, $0, isSpread) }
    }
    check(facts)
  }

  private static func byte(_ bytes: [UInt8], _ offset: Int64, _ isSpread: Bool) -> UInt8 {
    var index = offset
    if isSpread, offset >= 512 {
      switch offset {
      case 192 << 10..<(192 << 10) + 4096: index = offset - 192 << 10 + 512
      case (1 << 20)...: index = offset - 1 << 20 + 4608
      default: return 0
      }
    }
    return index < Int64(bytes.count) ? bytes[Int(index)] : 0
  }

  private static func check(_ facts: ImageFacts) {
    for name in [facts.backing?.path, facts.dataFile, facts.backing?.formatText] {
      guard let name else { continue }
      require(!name.isEmpty && name.utf8.count <= 65536, "a name of \(name.utf8.count) bytes")
      require(!name.unicodeScalars.contains { $0.value < 32 }, "a name with control characters")
    }
    if let backing = facts.backing {
      _ = backing.resolved(beside: Path("/srv/pool/v"))
      _ = backing.format
    }
    _ = facts.describedFeatures
    _ = facts.capacity?.displayText
  }
}
