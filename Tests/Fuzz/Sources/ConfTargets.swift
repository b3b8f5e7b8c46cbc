import StorageConf
import StorageModel

/// The readers of the INI notation.
enum ConfTargets {
  static let all = [
    Target(name: "storage-conf", run: { storageConf($0) }),
    Target(name: "volume-conf", run: { volumeConf($0) }),
    Target(name: "sizes", run: { sizes($0) }),
  ]

  /// An edit keeps what it is not about, and can be read again.
  private static func storageConf(_ bytes: [UInt8]) {
    guard var document = try? ConfDocument.parse(bytes, file: "in") else { return }
    for section in document.sections {
      _ = try? PoolConf.definition(of: section, file: "in", defaultFolder: Path("/srv/default"))
    }
    for section in document.sections.prefix(3) {
      let before = document
      guard (try? document.set(section: section.name, key: "colour", value: "blue")) != nil else {
        continue
      }
      guard let again = try? ConfDocument.parse(document.bytes, file: "out") else {
        fatalError("what was edited cannot be read")
      }
      require(again.sections.count == before.sections.count, "an edit changed the sections")
      require(
        again.section(named: section.name)?.entries.contains {
          $0.key == "colour" && $0.value == "blue"
        } == true, "what was set is not there")
    }
    if let last = document.sections.last, (try? document.removeSection(last.name)) != nil {
      guard let again = try? ConfDocument.parse(document.bytes, file: "out") else {
        fatalError("without a section it cannot be read")
      }
      require(again.section(named: last.name) == nil, "a removed section is there")
    }
  }

  /// A record that can be read can be written, and means the same then.
  private static func volumeConf(_ bytes: [UInt8]) {
    guard let record = try? VolumeRecord.read(bytes, file: "in"),
      let text = try? record.text(file: "out")
    else { return }
    guard let again = try? VolumeRecord.read(Array(text.utf8), file: "out") else {
      fatalError("what was written cannot be read: \(text)")
    }
    require(again == record, "read otherwise the second time: \(text)")
  }

  private static func sizes(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let size = try? ScaledSize.parse(text) {
      require(!size.displayText.isEmpty, "a size without a text")
    }
    _ = try? PoolName(text)
    for nested in [false, true] {
      guard let name = try? VolumeName(text, nested: nested) else { continue }
      require(!name.text.hasPrefix("/") && !name.components.contains(".."), "a name that leads out")
    }
    _ = Path(text).parent.appending("x")
    _ = StorageUUID(text)
  }
}
