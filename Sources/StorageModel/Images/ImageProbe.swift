/// Recognises disk images by their headers.
///
/// Reads a few small blocks and follows nothing that a header names. What bytes written by a guest say is
/// never trusted: every number is checked before it is used, and a header that makes no sense gives a text,
/// not a failure. Offsets are those of libvirt's table; ISO 9660 and VHD of fixed size come last.
package enum ImageProbe {
  /// The most blocks that are read of one file; a sound header needs up to six.
  private static let mostReads = 24

  /// Looks at one file.
  ///
  /// A raw image costs a read of 512 bytes and one of 5 (an ISO 9660 file system begins behind 32 KiB), one of qcow2
  /// mostly the first.
  /// - Parameters:
  ///   - size: the file's size.
  ///   - declared: what the file is said to be. Formats that a guest could make any raw disk look like are recognised
  ///     only where they are declared.
  ///   - beginning: what was read of the file's beginning already.
  ///   - read: gives `count` bytes from `offset`, fewer only where the file ends; never asked for more than
  ///     12 KiB, nor for anything outside `size`.
  package static func probe<Failure: Error>(
    size: ByteCount, as declared: VolumeFormat? = nil, beginning: [UInt8] = [],
    read: (_ offset: Int64, _ count: Int) throws(Failure) -> [UInt8]
  ) throws(Failure) -> ImageFacts {
    var bytes = ImageBytes(size: size)
    bytes.add(beginning, at: 0, wanted: beginning.count)
    var facts = ImageFacts(format: .raw)
    for _ in 0..<mostReads {
      facts = ImageFacts(format: .raw)
      do {
        if let declared, try examine(bytes, as: declared, into: &facts) { return facts }
        try examine(bytes, into: &facts)
        return facts
      } catch {
        switch error {
        case .broken(let text):
          facts.problem = text
          return facts
        case .missing(let offset, let count):
          bytes.add(try read(offset, count), at: offset, wanted: count)
        }
      }
    }
    facts.problem = "the header is spread over too many places"
    return facts
  }

  /// Whether an image that begins with these bytes, 512 of them or all there are, can refer to other files.
  package static func mayRefer(_ head: [UInt8]) -> Bool {
    [Magic.qcow, Magic.qed, Magic.vmdk, Magic.cow, Magic.vpc, Magic.vhdx].contains {
      head.starts(with: $0)
    } || isDescriptor(head[...])
  }

  private static func examine(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    guard bytes.size > 0 else { return }
    let head = Array(try bytes.bytes(at: 0, count: Int(min(512, bytes.size))))
    if head.starts(with: Magic.qcow) {
      try anyQcow(bytes, into: &facts)
    } else if head.starts(with: Magic.vpc) {
      try vpc(bytes, into: &facts)
    } else if head.dropFirst(64).starts(with: Magic.vdi) {
      try vdi(bytes, into: &facts)
    } else if head.starts(with: Magic.ploop) {
      try ploop(bytes, into: &facts)
    } else if head.starts(with: Magic.cow) {
      try cow(bytes, into: &facts)
    } else if head.starts(with: Magic.qed) {
      try qed(bytes, into: &facts)
    } else if head.starts(with: Magic.vmdk) {
      try vmdk(bytes, into: &facts)
    } else if head.starts(with: Magic.luks) {
      try luks(bytes, into: &facts)
    } else if head.starts(with: Magic.vhdx) {
      try vhdx(bytes, into: &facts)
    } else if isDescriptor(head[...]) {
      try descriptor(bytes, into: &facts)
    } else if try bytes.has(Magic.iso, at: 32769) {
      // Last, unlike libvirt: in the file of another format a guest can decide what is there.
      facts.format = .iso
    } else {
      try fixedVPC(bytes, into: &facts)
    }
  }

  enum Magic {
    static let iso = Array("CD001".utf8)
    static let vpc = Array("conectix".utf8)
    static let vdi: [UInt8] = [0x7f, 0x10, 0xda, 0xbe]
    static let ploop = Array("WithouFreSpacExt".utf8)
    static let cow = Array("OOOM".utf8)
    static let qcow = Array("QFI".utf8) + [0xfb]
    static let qed = Array("QED".utf8) + [0]
    static let vmdk = Array("KDMV".utf8)
    static let luks = Array("LUKS".utf8) + [0xba, 0xbe]
    static let vhdx = Array("vhdxfile".utf8)
  }

  /// The problem of a header whose version nobody knows; such a file counts as raw.
  static func unknownVersion(_ format: String, _ version: UInt32) -> ProbeStop {
    .broken("\(format) header of unknown version \(version)")
  }

  private static func anyQcow(
    _ bytes: ImageBytes, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    let version = try bytes.big(4, as: UInt32.self)
    switch version {
    case 1: try qcow(bytes, into: &facts)
    case 2, 3: try qcow2(bytes, version: version, into: &facts)
    default: throw unknownVersion("qcow", version)
    }
  }
}
