import StorageModel

/// Something that pools of some types can do and others cannot.
package enum PoolAbility: String, CaseIterable, Sendable {
  case build
  case findSources = "find-sources"
  case check
  case createVolumes = "create-volumes"
  case cloneVolumes = "clone-volumes"
  case overlays
  case wipeVolumes = "wipe-volumes"
  /// Contents of volumes go in and out.
  case transferVolumes = "transfer-volumes"
  /// Volumes have working copies and revisions.
  case revisions
}

extension PoolBackend {
  /// What pools of this type can do: told by the protocols that the backend conforms to, in a fixed order.
  package static var abilities: [PoolAbility] {
    PoolAbility.allCases.filter { ability in
      switch ability {
      case .build: return self is any BuildingBackend.Type
      case .findSources: return self is any SourceFindingBackend.Type
      case .check: return self is any CheckingBackend.Type
      case .createVolumes: return self is any VolumeBackend.Type
      case .cloneVolumes: return self is any CloningBackend.Type
      case .overlays: return self is any OverlayBackend.Type
      case .wipeVolumes: return self is any WipingBackend.Type
      case .transferVolumes: return self is any ContentBackend.Type
      case .revisions: return self is any LifecycleBackend.Type
      }
    }
  }
}
