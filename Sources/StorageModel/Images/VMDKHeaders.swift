/// VMDK. Sources: VMware's specification of virtual disks (version 5.0), and what QEMU 7.2 does in block/vmdk.c.
///
/// A VMDK can be a text that names the files with the disk's data, any files. Only those that hold all data themselves
/// (`monolithicSparse`, `streamOptimized`) are sound here.
extension ImageProbe {
  /// Where QEMU looks for a parent's name, wherever the header says that the descriptor is.
  private static let fixedDescriptor: Int64 = 512

  /// VMDK with a binary header.
  static func vmdk(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    let version = try bytes.little(4, as: UInt32.self)
    let sectors = try bytes.little(12, as: UInt64.self)
    let start = try bytes.little(28, as: UInt64.self)
    // Without a capacity QEMU takes the text alone, whatever the version.
    guard (1...3).contains(version) || sectors == 0 && start != 0 else {
      throw unknownVersion("vmdk", version)
    }
    facts.format = .vmdk
    facts.capacity = try ImageBytes.size(sectors, unit: 512)
    var descriptor = VMDKDescriptor()
    if start != 0 {
      let length = try bytes.little(36, as: UInt64.self)
      let offset = try ImageBytes.size(start, unit: 512).bytes
      guard offset < bytes.size else { throw .broken("the descriptor lies outside the file") }
      let text = try text(bytes, at: offset, sectors: length == 0 ? 20 : length)
      descriptor = try VMDKDescriptor(text)
      facts.extents = descriptor.outside(isEmbedded: sectors != 0)
      try parent(text, into: &facts)
    }
    if facts.backing == nil, bytes.size > fixedDescriptor {
      try parent(text(bytes, at: fixedDescriptor, sectors: 20), into: &facts)
    }
    guard sectors != 0 else { throw .broken("has no capacity: its data is in other files") }
    if let problem = descriptor.problem(hasParent: facts.backing != nil) { throw .broken(problem) }
    if try bytes.little(56, as: UInt64.self) == .max {
      try footer(bytes, capacity: sectors)
    }
  }

  /// The copy of the header at the end of a file that was written as a stream, which is the one that QEMU takes.
  private static func footer(_ bytes: ImageBytes, capacity: UInt64) throws(ProbeStop) {
    let start = bytes.size - 1024
    guard bytes.size % 512 == 0, start > 512, try bytes.has(Magic.vmdk, at: start),
      try (1...3).contains(bytes.little(start + 4, as: UInt32.self)),
      try bytes.little(start + 12, as: UInt64.self) == capacity
    else { throw .broken("the footer does not agree with the header") }
  }

  /// A descriptor as a file of its own, as QEMU recognises one: behind comments and blank lines a line `version=`; or
  /// as its first line says.
  static func isDescriptor(_ head: ArraySlice<UInt8>) -> Bool {
    guard let first = head.first, "# v\r\n".utf8.contains(first) else { return false }
    if head.starts(with: "# Disk DescriptorFile".utf8) { return true }
    for line in head.prefix(2048).split(separator: UInt8(ascii: "\n")) {
      let blank = UInt8(ascii: " ")
      let text = line.drop { $0 == blank }.filter { $0 != UInt8(ascii: "\r") }
      if text.isEmpty || text.first == UInt8(ascii: "#") { continue }
      return ["version=1", "version=2", "version=3"].contains { text.elementsEqual($0.utf8) }
    }
    return false
  }

  static func descriptor(_ bytes: ImageBytes, into facts: inout ImageFacts) throws(ProbeStop) {
    facts.format = .vmdk
    let text = try text(bytes, at: 0, sectors: 20)
    let descriptor = try VMDKDescriptor(text)
    facts.capacity = try ImageBytes.size(descriptor.sectors, unit: 512)
    facts.extents = descriptor.outside(isEmbedded: false)
    try parent(text, into: &facts)
    throw .broken("is a VMDK's description: its data is in other files")
  }

  private static func text(
    _ bytes: ImageBytes, at offset: Int64, sectors: UInt64
  ) throws(ProbeStop) -> ArraySlice<UInt8> {
    let count = min(Int64(min(sectors, 20)) * 512, bytes.size - offset)
    return try bytes.bytes(at: offset, count: Int(count)).prefix { $0 != 0 }
  }

  /// Takes the parent's name as QEMU does: what stands in quotes behind the first `parentFileNameHint`, wherever that
  /// is.
  private static func parent(
    _ text: ArraySlice<UInt8>, into facts: inout ImageFacts
  ) throws(ProbeStop) {
    guard let end = text.end(of: "parentFileNameHint") else { return }
    let value = text[end...].dropFirst(2)
    guard let quote = value.firstIndex(of: UInt8(ascii: "\"")) else {
      throw .broken("the parent's name is cut off")
    }
    let name = try ImageBytes.name(value[..<quote])
    if !name.isEmpty { facts.backing = BackingReference(path: name, formatText: "vmdk") }
  }
}

/// The text that describes a VMDK.
private struct VMDKDescriptor {
  private var kind: String?
  private var extents: [(kind: String, name: String)] = []
  /// Of all extents.
  private(set) var sectors: UInt64 = 0
  private var isDifference = false
  private var hasOddLine = false

  init() {}

  init(_ text: ArraySlice<UInt8>) throws(ProbeStop) {
    for line in text.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") })
    {
      let blanks: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t")]
      let line = line.drop { blanks.contains($0) }
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      let words = line.split(maxSplits: 3) { blanks.contains($0) }.map {
        String(decoding: $0, as: UTF8.self)
      }
      if ["RW", "RDONLY", "NOACCESS"].contains(words[0].uppercased()) {
        try takeExtent(line, words)
      } else {
        take(String(decoding: line, as: UTF8.self))
      }
    }
  }

  private mutating func takeExtent(
    _ line: ArraySlice<UInt8>, _ words: [String]
  ) throws(ProbeStop) {
    guard words.count > 2, let count = UInt64(words[1]) else {
      hasOddLine = true
      return
    }
    let quote = UInt8(ascii: "\"")
    var name = ""
    if let start = line.firstIndex(of: quote) {
      let value = line[(start + 1)...]
      name = try ImageBytes.name(value.prefix { $0 != quote })
    }
    extents.append((words[2].uppercased(), name))
    let (sum, overflow) = sectors.addingReportingOverflow(count)
    guard !overflow else { throw .broken("the extents are too large") }
    sectors = sum
  }

  /// Takes `key=value`.
  private mutating func take(_ line: String) {
    let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let isKey = parts[0].utf8.allSatisfy { byte in
      VMDKDescriptor.isLetter(byte) || (48...57).contains(byte) || " ._-".utf8.contains(byte)
    }
    guard parts.count == 2, isKey, !parts[0].isEmpty else {
      hasOddLine = true
      return
    }
    func bare(_ text: Substring) -> String {
      String(decoding: text.utf8.filter { !"\" ".utf8.contains($0) }, as: UTF8.self)
    }
    let value = bare(parts[1])
    switch bare(parts[0]) {
    case "createType": kind = value
    case "parentCID": isDifference = value.lowercased() != "ffffffff"
    default: break
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte)
  }

  /// The files beside the one that the text is in.
  ///
  /// The extent of a file that holds everything is itself, by the name it once had.
  func outside(isEmbedded: Bool) -> [String] {
    let named = extents.filter { !$0.name.isEmpty }
    if isEmbedded, named.count == 1, isInside(named[0]) { return [] }
    return named.map(\.name)
  }

  private func isInside(_ extent: (kind: String, name: String)) -> Bool {
    extent.kind == "SPARSE" && !extent.name.contains("/")
  }

  /// Why the text, in a file with data, is not that of a file with all data.
  func problem(hasParent: Bool) -> String? {
    if hasOddLine { return "the descriptor has a line that is not understood" }
    if let kind, kind != "monolithicSparse", kind != "streamOptimized" {
      let word = String(
        decoding: kind.utf8.filter(VMDKDescriptor.isLetter).prefix(32), as: UTF8.self)
      return "is of type '\(word)', whose data is in other files"
    }
    guard extents.count <= 1, extents.allSatisfy(isInside) else {
      return "has extents in other files"
    }
    return isDifference && !hasParent ? "is a difference to an image that it does not name" : nil
  }
}
