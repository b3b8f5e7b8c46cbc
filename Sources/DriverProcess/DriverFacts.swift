import StorageBackend
import StorageModel

/// What a driver says of a pool when it is opened.
struct DriverFacts: Sendable {
  /// Who opens the files or devices that content is in.
  enum ContentWay: String, Sendable {
    /// The driver, which hands open ones out.
    case open
    /// We do: the driver copies from or to a file that it is handed.
    case copy
  }

  let description: BackendDescription
  /// What volumes are: files, block devices, or something that only a driver of QEMU's reaches.
  let kind: VolumeDefinition.Kind
  let volumePath: PathPattern
  let workingPath: PathPattern
  let contentWay: ContentWay
  let replacesAtomically: Bool
  let sizeRule: SizeRule
  let sectorSize: ByteCount

  /// The abilities that a driver may have: those whose protocols a driver process speaks.
  static let possible: [PoolAbility] = [
    .build, .check, .createVolumes, .cloneVolumes, .renameVolumes, .wipeVolumes, .transferVolumes,
    .revisions, .listNames, .attach, .tellImpairment, .tellThinUsage, .refresh, .extend,
  ]

  /// What an ability cannot be without.
  private static let needs: [PoolAbility: [PoolAbility]] = [
    .cloneVolumes: [.createVolumes], .renameVolumes: [.createVolumes, .transferVolumes],
    .wipeVolumes: [.transferVolumes], .revisions: [.createVolumes, .transferVolumes],
  ]

  init(_ answer: Members, of pool: PoolDefinition, driver: DriverName) throws(DriverFault) {
    var abilities: Set<PoolAbility> = []
    // What a later version has is of no use here.
    for word in try answer.texts("abilities") {
      guard let ability = PoolAbility(rawValue: word), DriverFacts.possible.contains(ability) else {
        continue
      }
      abilities.insert(ability)
    }
    if abilities.contains(.transferVolumes) { abilities.insert(.readVolumes) }
    for ability in abilities {
      for need in DriverFacts.needs[ability] ?? [] where !abilities.contains(need) {
        throw DriverFault("ability '\(ability.rawValue)' without '\(need.rawValue)'")
      }
    }
    var formats = PoolCapabilities(of: pool.type)
    formats.creatableFormats = [.raw]
    description = BackendDescription(
      type: pool.type, driver: driver.text, abilities: abilities, formats: formats,
      mostRevisions: try answer.number("most_revisions", 0...1_000_000).map { Int($0) })
    let word = try answer.text("volumes") ?? "file"
    guard
      let kind = ["file", "block", "network"].contains(word)
        ? VolumeDefinition.Kind(rawValue: word) : nil
    else { throw DriverFault("volumes that are neither file, block nor network") }
    self.kind = kind
    volumePath = try answer.needed("volume_path", PathPattern(answer.text("volume_path"), kind))
    workingPath = try PathPattern(answer.text("working_path"), kind) ?? volumePath
    guard let way = ContentWay(rawValue: try answer.text("content") ?? "open") else {
      throw DriverFault("content that is neither 'open' nor 'copy'")
    }
    contentWay = way
    replacesAtomically = try answer.flag("replaces_atomically") ?? false
    let unit = try answer.size("size_unit") ?? 1
    guard unit > 0, unit <= .gibibyte else { throw DriverFault("a size_unit that is no size") }
    sizeRule = unit == 1 ? .any : .multiples(of: unit)
    sectorSize = try answer.size("sector_size") ?? 512
  }
}

/// The path of a volume, by its name: a path with one `{name}` in it.
struct PathPattern: Sendable {
  private static let hole = "{name}"
  private let before: String
  private let after: String

  /// - Returns: nil where there is no text.
  init?(_ text: String?, _ kind: VolumeDefinition.Kind) throws(DriverFault) {
    guard let text else { return nil }
    let parts = text.split(separator: PathPattern.hole, omittingEmptySubsequences: false)
    guard parts.count == 2, let before = parts.first, let after = parts.last,
      kind == .network || before.hasPrefix("/")
    else { throw DriverFault("'\(text)' is no absolute path with one '{name}'") }
    self.before = String(before)
    self.after = String(after)
  }

  func path(of name: VolumeName) -> Path { Path(verbatim: before + name.text + after) }

  /// The text that stands in the place of the name; nil for a path that is none of these.
  func name(in path: Path) -> String? {
    path.text.without(prefix: before)?.without(suffix: after).map { String($0) }
  }
}
