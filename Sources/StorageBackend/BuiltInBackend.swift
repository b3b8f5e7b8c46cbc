import StorageHost
import StorageModel

/// A backend that is part of this program, and is known by its type before there is a pool.
package protocol BuiltInBackend: PoolBackend {
  /// The type of the pools that it serves.
  static var type: PoolType { get }
  /// What is true of all its pools.
  static var description: BackendDescription { get }
  /// Whether it is the backend of a pool; of several that serve one, the first of the registry is taken.
  static func serves(_ pool: PoolDefinition) -> Bool

  /// A backend of a pool as it is defined. Looks at nothing and fails never: what is wrong with the definition is told by
  /// what is asked next.
  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource)
}

extension BuiltInBackend {
  package static func serves(_ pool: PoolDefinition) -> Bool { pool.type == type }
  package static var description: BackendDescription {
    BackendDescription(type: type, abilities: abilities)
  }
  package var description: BackendDescription { Self.description }

  /// What its pools can do: told by the protocols that it conforms to.
  package static var abilities: Set<PoolAbility> {
    Set(
      PoolAbility.allCases.filter { ability in
        switch ability {
        case .build: return self is any BuildingBackend.Type
        case .findSources: return self is any SourceFindingBackend.Type
        case .check: return self is any CheckingBackend.Type
        case .createVolumes: return self is any VolumeBackend.Type
        case .cloneVolumes: return self is any CloningBackend.Type
        case .renameVolumes: return self is any RenamingBackend.Type
        case .overlays: return self is any OverlayBackend.Type
        case .wipeVolumes: return self is any WipingBackend.Type
        case .transferVolumes: return self is any ContentBackend.Type
        case .revisions: return self is any LifecycleBackend.Type
        case .readVolumes: return self is any ReadingBackend.Type
        case .listNames: return self is any NamingBackend.Type
        case .listInParts: return self is any ListingBackend.Type
        case .shareBlocks: return self is any SharingBackend.Type
        case .shareFolder: return self is any FolderBackend.Type
        case .attach: return self is any AttachingBackend.Type
        case .tellImpairment: return self is any DegradableBackend.Type
        case .tellSource: return self is any SourceBackend.Type
        case .tellThinUsage: return self is any ThinUsageBackend.Type
        case .refresh: return self is any RefreshingBackend.Type
        case .extend: return self is any ExtendingBackend.Type
        }
      })
  }
}
