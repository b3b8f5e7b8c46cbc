import StorageModel

/// Something that some pools can do and others cannot.
package enum PoolAbility: String, CaseIterable, Sendable {
  case build
  case findSources = "find-sources"
  case check
  case createVolumes = "create-volumes"
  case cloneVolumes = "clone-volumes"
  case renameVolumes = "rename-volumes"
  case overlays
  case wipeVolumes = "wipe-volumes"
  /// Contents of volumes go in and out.
  case transferVolumes = "transfer-volumes"
  /// Volumes have working copies and revisions.
  case revisions

  // How well it does what all do; not told by pool-capabilities.
  case listNames = "list-names"
  /// Contents of volumes go out.
  case readVolumes = "read-volumes"
  case listInParts = "list-in-parts"
  case shareBlocks = "share-blocks"
  case shareFolder = "share-folder"
  case attach
  case tellImpairment = "tell-impairment"
  case tellSource = "tell-source"
  case tellThinUsage = "tell-thin-usage"
  case refresh
  case extend

  /// What users are told that a pool can do, in this order.
  package static let told = allCases.prefix { $0 != .listNames }
}
