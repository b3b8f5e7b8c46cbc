import StorageModel

/// The identity that a logical unit tells of itself in its vital product data (SPC-5, 7.7).
///
/// As text it is what `scsi_id --replace-whitespace` of systemd 252 prints, which libvirt takes as a volume's key:
/// udev's links `/dev/disk/by-id/scsi-…` end in the same.
package struct UnitIdentity: Equatable, Sendable, CustomStringConvertible {
  package let description: String

  /// Reads the device identification page (0x83), as `vpd_pg83` in /sys has it.
  ///
  /// Of several designators the one counts that is most certainly unique.
  /// - Parameters:
  ///   - vendor: those of the standard inquiry, which go before a designator that the vendor made up.
  /// - Returns: nil where the page has no designator of the unit itself.
  package init?(page83 page: [UInt8], vendor: String, model: String) {
    let designators = UnitIdentity.designators(page)
    for wanted in UnitIdentity.preferred {
      guard let found = designators.first(where: wanted.matches) else { continue }
      let prefix = wanted.type == 0 ? UnitIdentity.padded(vendor, model) : ""
      self.init(text: "\(wanted.type)" + prefix + found.text)
      return
    }
    return nil
  }

  /// Reads the unit serial number page (0x80), for units that have no other; nil where it is empty.
  package init?(page80 page: [UInt8], vendor: String, model: String) {
    guard page.count > 4, page[1] == 0x80 else { return nil }
    let serial = page[4..<min(page.count, 4 + (Int(page[2]) << 8 | Int(page[3])))]
    guard serial.contains(where: { $0 > 0x20 }) else { return nil }
    self.init(
      text: "S" + UnitIdentity.padded(vendor, model) + String(decoding: serial, as: UTF8.self))
  }

  /// White space at the ends goes, every other run of it becomes one `_`, and so does each character that udev
  /// allows in no name.
  private init(text: String) {
    let words = text.split { $0.isASCIISpace || $0 == "\0" }
    description = String(
      words.joined(separator: "_").unicodeScalars.map { scalar -> Character in
        let isPlain =
          scalar.value >= 0x80 || ("0"..."9").contains(scalar)
          || ("A"..."Z").contains(scalar) || ("a"..."z").contains(scalar)
          || "#+-.:=@_".unicodeScalars.contains(scalar)
        return isPlain ? Character(scalar) : "_"
      })
  }

  private static func padded(_ vendor: String, _ model: String) -> String {
    func pad(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
    return pad(vendor, 8) + pad(model, 16)
  }

  /// A kind of designator: its type, for NAA names the format in the first four bits, and whether it is text.
  private struct Kind {
    let type: UInt8
    let format: UInt8?
    let isText: Bool

    func matches(_ designator: Designator) -> Bool {
      designator.type == type && designator.isText == isText
        && (format == nil || designator.bytes.first.map { $0 >> 4 } == format)
    }
  }

  /// The order of preference of scsi_id: IEEE names with extension (NAA 6), without (NAA 5), other NAA names, EUI-64,
  /// names of T10 vendors, and what a vendor made up; binary before text.
  private static let preferred: [Kind] = [(3, 6), (3, 5), (3, nil), (2, nil), (1, nil), (0, nil)]
    .flatMap { type, format in
      [false, true].map { Kind(type: type, format: format, isText: $0) }
    }

  private struct Designator {
    let type: UInt8
    let isText: Bool
    let bytes: [UInt8]

    var text: String {
      if isText { return String(decoding: bytes, as: UTF8.self) }
      return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
  }

  /// The designators of the unit itself, in the order of the page; those of its port and target are left out.
  private static func designators(_ page: [UInt8]) -> [Designator] {
    guard page.count > 4, page[1] == 0x83 else { return [] }
    let end = min(page.count, 4 + (Int(page[2]) << 8 | Int(page[3])))
    var found: [Designator] = []
    var index = 4
    while index + 4 <= end {
      let length = Int(page[index + 3])
      guard index + 4 + length <= end else { break }
      let codeSet = page[index] & 0x0f
      // Association 0 is the logical unit; code set 1 is binary, 2 ASCII, and others no name here is made of.
      if page[index + 1] & 0x30 == 0, codeSet == 1 || codeSet == 2 {
        found.append(
          Designator(
            type: page[index + 1] & 0x0f, isText: codeSet == 2,
            bytes: Array(page[(index + 4)..<(index + 4 + length)])))
      }
      index += 4 + length
    }
    return found
  }
}
