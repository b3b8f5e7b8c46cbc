import StorageModel

/// What the pools of a backend are and can do.
///
/// A value, so that whoever asks need not know whether a backend is built in, which is described by its type, or a driver
/// process, which sends it.
package struct BackendDescription: Equatable, Sendable {
  /// The type that the pools have in their documents.
  package var type: PoolType
  /// The word of `driver` that they are selected by; nil where their type says enough.
  package var driver: String?
  package var abilities: Set<PoolAbility>
  /// The formats of sources and volumes.
  package var formats: PoolCapabilities
  /// The most revisions that a volume can keep; nil where there is no limit.
  package var mostRevisions: Int?

  package init(
    type: PoolType, driver: String? = nil, abilities: Set<PoolAbility>,
    formats: PoolCapabilities? = nil, mostRevisions: Int? = nil
  ) {
    self.type = type
    self.driver = driver
    self.abilities = abilities
    self.formats = formats ?? PoolCapabilities(of: type)
    self.mostRevisions = mostRevisions
  }

  /// Whether volumes can be read, and nothing about them be changed.
  package var isReadOnly: Bool {
    abilities.contains(.readVolumes)
      && abilities.isDisjoint(with: [.transferVolumes, .createVolumes])
  }

  /// Why a volume cannot keep so many revisions; nil where it can.
  package func refusal(of kept: RevisionsToKeep) -> String? {
    guard let mostRevisions, kept.number > mostRevisions else { return nil }
    let most = "\(mostRevisions) revision\(mostRevisions == 1 ? "" : "s")"
    return "driver '\(driver ?? type.rawValue)' keeps at most \(most)"
  }

  /// Which pools they are, behind the word "pools".
  package var kind: String {
    driver.map { "with driver '\($0)'" } ?? "of type '\(type.rawValue)'"
  }
}
