import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// What content that comes from outside is, and whether a volume may have it.
///
/// Decided by the content's header, within bounds, never by opening anything that a header names. A volume of a format
/// other than raw takes only an image of that format. A raw one takes any bytes: a disk may look like anything, and
/// nothing in it is followed.
struct ContentAcceptance {
  let volume: Volume
  let pool: PoolName
  let backend: any ContentBackend
  /// What the content comes from, as users call it.
  let source: Path
  /// What users say that the content is; nil for what the volume is.
  let declared: VolumeFormat?
  /// The base that users say it has.
  var base: Volume?

  /// What the volume is recorded or known as; what is on a device is the disk itself.
  var format: VolumeFormat { ContentAcceptance.format(of: volume) }

  static func format(of volume: Volume) -> VolumeFormat {
    volume.definition.kind == .block ? .raw : volume.definition.target.imageFormat
  }

  /// Whether the content has to be made into something else first.
  var isConverted: Bool {
    guard let declared else { return false }
    return declared != format && !(declared.isRaw && format.isRaw)
  }

  /// What the content has to be.
  var wanted: VolumeFormat { isConverted ? declared ?? format : format }

  /// Whether content can contradict what the volume is.
  var isExacting: Bool { !format.isRaw || volume.definition.target.encryption != nil }

  /// Refuses content that is not what it has to be, or that reaches files it must not.
  /// - Parameter chain: what is below the content, were it the volume's.
  /// - Returns: what users should know about content that is taken as it is.
  func check(_ facts: ImageFacts, chain: (BackingStore) throws(StorageError) -> Void)
    throws(StorageError) -> String?
  {
    let wanted = wanted
    try require(wanted, facts)
    if !isConverted { try requireEncryption(facts) }
    guard !wanted.isRaw else {
      return declared == nil ? try warning(facts, chain) : nil
    }
    guard let backing = facts.backing else { return nil }
    guard !isConverted else {
      throw refused("is an overlay on '\(backing.path)', which is not converted with it")
    }
    let path = volume.definition.target.path ?? Path("/")
    let found = BackingStore(path: backing.resolved(beside: path), format: backing.format)
    guard try isKnown(found) else {
      throw refused(
        "is an overlay on '\(backing.path)'",
        hint: "Where that is a volume that may show through, name it: --backing-vol VOLUME.")
    }
    try chain(found)
    return nil
  }

  /// Refuses an image of another format, or one that is not sound by itself.
  func require(_ wanted: VolumeFormat, _ facts: ImageFacts) throws(StorageError) {
    guard !wanted.isRaw else { return }
    guard facts.format == wanted else {
      let looks = facts.format.isRaw ? "raw" : facts.format.rawValue
      guard declared == nil else {
        throw refused("is not of format \(wanted.rawValue), but looks like \(looks)")
      }
      throw refused(
        "is not of format \(wanted.rawValue), as \(volume.subject) is, but looks like \(looks)",
        hint: canBeConverted(facts) ? "\(converting(facts)) converts it." : nil)
    }
    if let obstacle = facts.obstacle { throw refused(obstacle) }
  }

  /// Refuses what is not of the format and the encryption of the volume.
  func requireKind(_ facts: ImageFacts) throws(StorageError) {
    try require(format, facts)
    try requireEncryption(facts)
  }

  /// Refuses what is not encrypted as the volume is by its record.
  func requireEncryption(_ facts: ImageFacts) throws(StorageError) {
    guard let encryption = volume.definition.target.encryption,
      facts.encryption != encryption.format || wanted.isRaw && !facts.format.isRaw
    else { return }
    throw refused("is not encrypted by \(encryption.format.rawValue), as \(volume.subject) is")
  }

  /// Refuses what cannot be looked at before it is written over what is there, where not everything may be.
  /// - Parameter isSeen: whether the content can be read before it is written.
  func requireForesight(isSeen: Bool) throws(StorageError) {
    guard isExacting, !backend.replacesAtomically, !isSeen else { return }
    throw refused(
      "cannot be looked at before it is written over \(volume.subject), which is encrypted",
      hint: "Put the content into a file that is not compressed first.")
  }

  /// Whether the base is the one that the volume has already, or that users named.
  private func isKnown(_ found: BackingStore) throws(StorageError) -> Bool {
    guard ReferencePlace(of: found.path) == .file(found.path),
      let object = try FileStatus.known(Path(found.path))?.object
    else { return false }
    let paths = [
      base?.definition.target.path, volume.definition.backingStore.map { Path($0.path) },
    ]
    for path in paths.compactMap({ $0 }) where path.isAbsolute {
      if try FileStatus.known(path)?.object == object { return true }
    }
    return false
  }

  /// Whether an import can make content into what the volume is.
  private func canBeConverted(_ facts: ImageFacts) -> Bool {
    (facts.format.isRaw || facts.format.isReadByQEMU) && facts.backing == nil
      && facts.encryption == nil && facts.obstacle == nil
      && volume.definition.target.encryption == nil && (format.isRaw || format.isWrittenByQEMU)
  }

  /// The command that does.
  private func converting(_ facts: ImageFacts) -> String {
    let format = facts.format.isRaw ? VolumeFormat.raw : facts.format
    return NextCommand.line(
      "vol-import", volume.name, "FILE", "--format", format.rawValue, in: pool)
  }

  /// Whether volumes of the pool can be of the format.
  private func isOfferedByPool(_ format: VolumeFormat) throws(StorageError) -> Bool {
    do throws(StorageError) { try backend.checkFormat(format, of: volume) } catch {
      guard error.code == .unsupported else { throw error }
      return false
    }
    return true
  }

  private func warning(
    _ facts: ImageFacts, _ chain: (BackingStore) throws(StorageError) -> Void
  ) throws(StorageError) -> String? {
    if facts.format.isRaw {
      guard let encryption = facts.encryption, volume.definition.target.encryption == nil else {
        return nil
      }
      return ContentAcceptance.warning(
        source, isEncryptedBy: encryption, for: volume.subject)
    }
    let format = facts.format.rawValue
    var text =
      "'\(source)' looks like \(format), but \(volume.subject) is raw: a guest gets the bytes of the image"
      + " as its disk"
    guard facts.obstacle == nil else { return text }
    var ways: [String] = []
    if canBeConverted(facts) { ways.append("\(converting(facts)) converts it") }
    if VolumeFormat.images.contains(facts.format), try isOfferedByPool(facts.format),
      try isSound(facts.backing, chain)
    {
      let line = NextCommand.line("vol-set", volume.name, "format", format, in: pool)
      ways.append("\(line) makes the volume what it looks like")
    }
    if !ways.isEmpty { text += "; " + ways.joined(separator: ", ") }
    return text
  }

  /// Whether what is below content may show through were it the volume's.
  private func isSound(
    _ backing: BackingReference?, _ chain: (BackingStore) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    guard let backing else { return true }
    let path = volume.definition.target.path ?? Path("/")
    do throws(StorageError) {
      try chain(BackingStore(path: backing.resolved(beside: path), format: backing.format))
      return true
    } catch {
      if error.code == .interrupted { throw error }
      return false
    }
  }

  /// What to say where an encrypted disk becomes the content of a volume that is not encrypted, by its record.
  static func warning(
    _ source: Path, isEncryptedBy encryption: Encryption.Format, for subject: String
  ) -> String {
    "'\(source)' is encrypted by \(encryption.rawValue), but \(subject) is not recorded so: a guest gets"
      + " the encrypted bytes, header included, as its disk"
  }

  private func refused(_ problem: String, hint: String? = nil) -> StorageError {
    StorageError(.badInput, source.text, problem, hint: hint)
  }
}

extension Storage {
  /// How content is judged that is to become a volume's.
  func acceptance(
    of source: Descriptor, for volume: Volume, declared: VolumeFormat?, base: String? = nil,
    in pool: ActivePool, _ backend: any ContentBackend
  ) throws(StorageError) -> ContentAcceptance {
    if let declared, !declared.isRaw, !declared.isReadByQEMU {
      throw StorageError(
        .unsupported, source.path.text, "images of format \(declared.rawValue) are not read")
    }
    var acceptance = ContentAcceptance(
      volume: volume, pool: pool.name, backend: backend, source: source.path, declared: declared)
    if let base { acceptance.base = try baseVolume(base, in: pool) }
    return acceptance
  }

  /// The volume that users name as a base: a volume of the pool, or one of any active pool by a path that leads to it.
  private func baseVolume(_ text: String, in pool: ActivePool) throws(StorageError) -> Volume {
    let path = Path(text)
    guard path.isAbsolute else { return try volume(text, in: pool.name.text).1 }
    guard let (_, base) = try volume(at: path) else { throw Storage.noVolume(text) }
    return base
  }

  /// Judges content before anything is changed, or when it is written and not in its place yet.
  /// - Parameter read: as of `ImageProbe.probe`.
  func judge(
    _ acceptance: ContentAcceptance, size: ByteCount, _ steps: Steps,
    read: (Int64, Int) throws(StorageError) -> [UInt8]
  ) throws(StorageError) -> (facts: ImageFacts, warning: String?) {
    let facts = try ImageProbe.probe(size: size, as: acceptance.wanted, read: read)
    let volume = acceptance.volume
    let warning = try acceptance.check(facts) { backing throws(StorageError) in
      let above = volume.definition.target.path.map { [$0] } ?? []
      try checkChain(
        backingChain(from: backing, above: above), acceptance.source.text, steps)
    }
    return (facts, warning)
  }
}
