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
  package var unfinished: UnfinishedChange?
  /// The revisions that are never removed to make room for newer ones, oldest first.
  ///
  /// By number and time: who numbers revisions without this record may give a number a second time, to another state.
  package var pinned: [Revision] = []
  /// The highest number of a revision, remembered when the newest one is removed; nil where none was.
  package var lastRevision: Int?
  /// What the volume was called before, while a change of its name is under way.
  package var renamedFrom: VolumeName?

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
    var document = ConfDocument.empty(file: file)
    try document.addSection("volume", entries)
    return String(decoding: document.bytes, as: UTF8.self)
  }

  /// The same in the place of a file that is there, whose comments stay.
  /// - Parameter present: what the file holds; nil where there is none.
  package func bytes(file: String, replacing present: [UInt8]?) throws(ConfProblem) -> [UInt8] {
    if let present {
      do throws(ConfProblem) {
        let edited = try edited(present, file: file)
        if try VolumeRecord.read(edited, file: file) == self { return edited }
      } catch {
        // Of what cannot be understood, or not be edited so, nothing stays.
      }
    }
    return Array(try text(file: file).utf8)
  }

  private func edited(_ present: [UInt8], file: String) throws(ConfProblem) -> [UInt8] {
    var document = try ConfDocument.parse(present, file: file)
    let keys = document.section(named: "volume")?.own.map(\.key) ?? []
    for key in keys where !entries.contains(where: { $0.key == key }) {
      try document.removeKey(key, section: "volume")
    }
    for (key, value) in entries { try document.set(section: "volume", key: key, value: value) }
    return document.bytes
  }

  private var entries: [(key: String, value: String)] {
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
    add("source", lifecycle.source?.recorded)
    add("ephemeral", lifecycle.ephemeral)
    add("size", size.map { String($0.bytes) })
    add("sector_size", sectorSize.map { String($0.bytes) })
    add("identity", identity)
    add("unfinished", unfinished?.text)
    add("pinned", pinned.isEmpty ? nil : pinned.map(\.name).joined(separator: ","))
    add("last_revision", lastRevision.map { String($0) })
    add("renamed_from", renamedFrom?.recorded)
    return entries
  }

  /// The highest number that was ever given to a revision, 0 for none.
  /// - Parameter present: the revisions that are there, the newest last.
  package func highestNumber(among present: [Revision]) -> Int {
    max(present.last?.number ?? 0, lastRevision ?? 0)
  }

  /// Lets go of revisions that are about to be removed: they are not pinned any more, and the highest number stays
  /// used.
  /// - Parameter present: the revisions that are there, the newest last.
  package mutating func letGo(of gone: [Revision], among present: [Revision]) {
    pinned.removeAll { gone.contains($0) }
    // While a newer one is there, that one tells it.
    if let newest = present.last, gone.contains(newest) {
      lastRevision = highestNumber(among: present)
    }
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
      guard let source = VolumeName(recorded: entry.value) else {
        throw refusal("the name of a volume")
      }
      lifecycle.source = source
    case "size": size = try self.size(entry, file: file)
    case "sector_size": sectorSize = try self.size(entry, file: file)
    case "identity": identity = entry.value
    case "unfinished":
      guard let change = UnfinishedChange(text: entry.value) else {
        throw refusal(UnfinishedChange.expected)
      }
      unfinished = change
    case "pinned":
      let revisions = entry.value.split(separator: ",").map { Revision(suffix: $0.trimmed) }
      guard revisions.allSatisfy({ $0 != nil }) else {
        throw refusal("revisions as NUMBER@TIME, with commas between them")
      }
      pinned = revisions.compactMap { $0 }.sorted { $0.number < $1.number }
    case "last_revision":
      guard let number = Int(entry.value), (1...Revision.largestEpoch).contains(Int64(number))
      else { throw refusal("the number of a revision") }
      lastRevision = number
    case "renamed_from":
      guard let name = VolumeName(recorded: entry.value) else {
        throw refusal("the name of a volume")
      }
      renamedFrom = name
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

extension VolumeName {
  /// The name as the notation can hold it: what would be taken for something else there is written as `%XX`.
  fileprivate var recorded: String {
    let bytes = Array(text.utf8)
    var written: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      let isEnd = index == 0 || index == bytes.count - 1
      let isSpecial = byte == UInt8(ascii: "%") || byte == .semicolon
      guard isSpecial || isEnd && (byte.isSpace || byte == UInt8(ascii: "\"")) else {
        written.append(byte)
        continue
      }
      let digits = String(byte, radix: 16, uppercase: true)
      written += Array("%\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8)
    }
    return String(decoding: written, as: UTF8.self)
  }

  /// The name that was written so; a `%` without two digits behind it is itself.
  fileprivate init?(recorded: String) {
    let bytes = Array(recorded.utf8)
    var read: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let byte = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
      {
        read.append(byte)
        index += 3
      } else {
        read.append(bytes[index])
        index += 1
      }
    }
    self.init(found: String(decoding: read, as: UTF8.self))
  }
}
