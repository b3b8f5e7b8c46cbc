import StorageModel

/// What a pool remembers about one volume: the file `volume.conf`, one section `[volume]`.
package struct VolumeRecord: Equatable, Sendable {
  /// The recorded format; nil where the volume's header is asked.
  package var format: VolumeFormat?
  /// How the volume is encrypted, and with which secret: format and secrets only.
  package var encryption: Encryption?
  package var lifecycle: LifecycleSettings
  /// The size of a volume that has no file of its own while stopped.
  package var size: ByteCount?
  /// The sectors that the content was made for; nil means 512 bytes.
  package var sectorSize: ByteCount?
  /// Which device the record is about, where the name alone does not tell it: a partition's UUID, a unit's serial
  /// number.
  package var identity: String?
  /// What was begun with the content in place and is not known to have ended.
  package var unfinished: Change?

  /// What can leave a volume's content half done.
  package enum Change: String, CaseIterable, Sendable { case create, `import`, wipe }

  package init(
    format: VolumeFormat? = nil, lifecycle: LifecycleSettings = LifecycleSettings(),
    size: ByteCount? = nil
  ) {
    self.format = format
    self.lifecycle = lifecycle
    self.size = size
  }

  /// Reads a record.
  ///
  /// Truth values are yes/no, true/false, on/off, 1/0 in any case; the size is a number of bytes with an
  /// optional unit; an empty `source=` means none.
  /// - Throws: a problem with its line, also for a key or a section that is not known: dropping it at the next
  ///   write would lose what another version of the program recorded.
  package static func read(_ bytes: [UInt8], file: String) throws(ConfProblem) -> VolumeRecord {
    let document = try ConfDocument.parse(bytes, file: file)
    var record = VolumeRecord()
    for section in document.sections {
      guard section.name == "volume" else {
        throw ConfProblem(
          file: file, line: section.line, message: "unknown section [\(section.name.printable)]")
      }
      for entry in section.entries { try record.take(entry, file: file) }
    }
    return record
  }

  /// The record as a file, only with what is set, truth values as `yes` and `no`.
  /// - Throws: for a source whose name this notation cannot hold.
  package func text(file: String) throws(ConfProblem) -> String {
    var entries: [(key: String, value: String)] = []
    func add(_ key: String, _ value: String?) {
      if let value { entries.append((key, value)) }
    }
    func add(_ key: String, _ value: Bool?) {
      if let value { entries.append((key, value ? "yes" : "no")) }
    }
    add("format", format?.rawValue)
    add("encryption", encryption?.format.rawValue)
    switch encryption?.secrets.first {
    case .uuid(let uuid): add("secret_uuid", "\(uuid)")
    case .usage(let usage): add("secret_usage", usage)
    case nil: break
    }
    add("rw", lifecycle.isWritable)
    add("snap_on_start", lifecycle.snapOnStart)
    add("save_on_stop", lifecycle.saveOnStop)
    add("revisions_to_keep", lifecycle.revisionsToKeep.map { String($0.number) })
    add("source", lifecycle.source?.text)
    add("ephemeral", lifecycle.ephemeral)
    add("size", size.map { String($0.bytes) })
    add("sector_size", sectorSize.map { String($0.bytes) })
    add("identity", identity)
    add("unfinished", unfinished?.rawValue)
    var document = ConfDocument.empty(file: file)
    try document.addSection("volume", entries)
    return String(decoding: document.bytes, as: UTF8.self)
  }

  private mutating func take(_ entry: ConfEntry, file: String) throws(ConfProblem) {
    func refusal(_ expected: String) -> ConfProblem {
      ConfProblem(
        file: file, line: entry.line,
        message: "\(entry.key): '\(entry.value.printable)' is not accepted: expected \(expected)")
    }
    func flag() throws(ConfProblem) -> Bool {
      guard let value = ConfLiteral.bool(entry.value) else {
        throw refusal("yes, true, on or 1, or no, false, off or 0")
      }
      return value
    }
    switch entry.key {
    case "format":
      guard let format = VolumeFormat(rawValue: entry.value) else {
        throw refusal(VolumeFormat.images.map(\.rawValue).joined(separator: ", "))
      }
      self.format = format
    case "encryption":
      guard let format = Encryption.Format(rawValue: entry.value) else {
        throw refusal(Encryption.Format.allCases.map(\.rawValue).joined(separator: ", "))
      }
      encryption = Encryption(format: format)
    case "secret_uuid", "secret_usage":
      guard encryption != nil else {
        throw ConfProblem(
          file: file, line: entry.line, message: "\(entry.key): stands before 'encryption'")
      }
      if entry.key == "secret_usage" {
        encryption?.secrets = [.usage(entry.value)]
      } else {
        guard let uuid = StorageUUID(entry.value) else { throw refusal("a UUID") }
        encryption?.secrets = [.uuid(uuid)]
      }
    case "rw": lifecycle.isWritable = try flag()
    case "snap_on_start": lifecycle.snapOnStart = try flag()
    case "save_on_stop": lifecycle.saveOnStop = try flag()
    case "ephemeral": lifecycle.ephemeral = try flag()
    case "revisions_to_keep":
      guard let value = RevisionsToKeep(entry.value) else {
        throw refusal("-1, 0 or a positive number")
      }
      lifecycle.revisionsToKeep = value
    case "source":
      if entry.value.isEmpty { break }
      guard let source = VolumeName(found: entry.value) else {
        throw refusal("the name of a volume")
      }
      lifecycle.source = source
    case "size": size = try self.size(entry, file: file)
    case "sector_size": sectorSize = try self.size(entry, file: file)
    case "identity": identity = entry.value
    case "unfinished":
      guard let change = Change(rawValue: entry.value) else {
        throw refusal(Change.allCases.map(\.rawValue).joined(separator: ", "))
      }
      unfinished = change
    default:
      throw ConfProblem(
        file: file, line: entry.line, message: "unknown key '\(entry.key.printable)' in [volume]")
    }
  }

  private func size(_ entry: ConfEntry, file: String) throws(ConfProblem) -> ByteCount {
    do { return try ScaledSize.parse(entry.value) } catch {
      throw ConfProblem(
        file: file, line: entry.line,
        message: "\(entry.key): '\(entry.value.printable)' is not accepted: expected a size:"
          + " \(error.text)")
    }
  }
}
