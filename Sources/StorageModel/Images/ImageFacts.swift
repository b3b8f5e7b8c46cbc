/// What the header of a disk image says.
package struct ImageFacts: Equatable, Sendable {
  /// `raw` where no header was recognised.
  package var format: VolumeFormat
  /// The size the guest sees; nil where the header has none, so that the file's own size holds.
  package var capacity: ByteCount?
  /// The image this one is an overlay on; nil where the header names none.
  package var backing: BackingReference?
  /// `luks` and `luks2` for LUKS 1 and 2, alone or inside qcow2; `qcow` for the old AES of qcow and qcow2.
  package var encryption: Encryption.Format?
  /// `0.10` or `1.1` for qcow2, otherwise nil.
  package var compat: String?
  /// Of qcow2 only, as libvirt reports it for no other format.
  package var clusterSize: ByteCount?
  package var features: Features = []
  /// The separate file that holds a qcow2's data, as the header names it; nil where it names none.
  package var dataFile: String?
  /// The files that a VMDK's data is in, as its descriptor names them; empty where it holds all data itself.
  package var extents: [String] = []
  /// What is wrong with the header, without the file's name; nil for a sound one.
  ///
  /// The other values are then what was read before the fault was met.
  package var problem: String?

  package init(format: VolumeFormat, capacity: ByteCount? = nil) {
    self.format = format
    self.capacity = capacity
  }

  /// Properties that a header switches on.
  package struct Features: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }
    package static let lazyRefcounts = Features(rawValue: 1)
    package static let extendedL2 = Features(rawValue: 2)
    /// The data is in another file.
    package static let externalDataFile = Features(rawValue: 4)
    /// The other file is a raw image of the whole disk.
    package static let rawExternalData = Features(rawValue: 8)
    /// Was not closed properly; a check is needed, or made at the next opening.
    package static let dirty = Features(rawValue: 16)
    /// Marked as damaged; must not be opened for writing.
    package static let corrupt = Features(rawValue: 32)
    package static let zstd = Features(rawValue: 64)
  }

  /// Every other file that QEMU would open for the image, also of one whose header is not sound, as far as it was read.
  package var references: [FileReference] {
    var found: [FileReference] = []
    if let backing { found.append(FileReference(.base, backing.path)) }
    if let dataFile { found.append(FileReference(.dataFile, dataFile)) }
    return found + extents.map { FileReference(.extent, $0) }
  }

  /// Whether the file alone is not the disk, nor what differs from the image below.
  package var hasDataElsewhere: Bool {
    features.contains(.externalDataFile) || !extents.isEmpty
  }

  /// Why nothing may be read through the image, whatever it refers to; nil where that is sound and understood.
  package var obstacle: String? {
    if let problem { return problem }
    if features.contains(.externalDataFile) {
      // It can be any file of the host, as somebody who uploaded the image liked.
      return "keeps its data in another file" + (dataFile.map { " '\($0)'" } ?? "")
    }
    return backing?.place == .obscure
      ? "names a backing store that is no local file by its name alone" : nil
  }

  /// The features that XML knows; nil where an image has no `<features>` at all, as qcow2 of compat 0.10.
  package var describedFeatures: Set<ImageFeature>? {
    guard compat == "1.1" else { return nil }
    var described: Set<ImageFeature> = []
    if features.contains(.lazyRefcounts) { described.insert(.lazyRefcounts) }
    if features.contains(.extendedL2) { described.insert(.extendedL2) }
    return described
  }
}
