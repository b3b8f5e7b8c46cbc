import StorageModel

/// An ability, and the protocol in which a backend that has it is asked.
package struct Ability<Interface>: Sendable {
  package let name: PoolAbility
  /// The problem of the error where a pool has not got it.
  private let words: (@Sendable (BackendDescription) -> String)?

  fileprivate init(
    _ name: PoolAbility, _ words: (@Sendable (BackendDescription) -> String)? = nil
  ) {
    self.name = name
    self.words = words
  }

  fileprivate func refusal(_ description: BackendDescription) -> String {
    if description.isReadOnly, name.isChangeOfVolumes {
      return "pools \(description.kind) are read-only"
    }
    return words?(description) ?? "pools \(description.kind) have no '\(name.rawValue)'"
  }
}

extension PoolBackend {
  /// The backend as one that can be asked for something; nil where its pools cannot do that.
  ///
  /// This alone tells whether a pool can: the type of a backend may conform to a protocol for the sake of pools of which
  /// only some have the ability.
  package func able<Interface>(to ability: Ability<Interface>) -> Interface? {
    can(ability.name) ? self as? Interface : nil
  }

  /// Whether the pool has an ability.
  package func can(_ ability: PoolAbility) -> Bool { description.abilities.contains(ability) }

  /// The same as `able`, for whoever cannot go on without.
  /// - Parameter subject: what the error is about.
  /// - Throws: `unsupported`, in words that are the same for all pools.
  package func required<Interface>(_ ability: Ability<Interface>, _ subject: String = "")
    throws(StorageError) -> Interface
  {
    if let able = able(to: ability) { return able }
    throw StorageError(.unsupported, subject, ability.refusal(description))
  }
}

// The words are libvirt's where it has any.

extension Ability where Interface == any BuildingBackend {
  package static var build: Self { Self(.build) }
  /// Deleting what was built.
  package static var deletePool: Self {
    Self(.build) { _ in "pool does not support pool deletion" }
  }
}

extension Ability where Interface == any CheckingBackend {
  package static var check: Self { Self(.check) { "pools \($0.kind) cannot be checked" } }
}

extension Ability where Interface == any VolumeBackend {
  package static var createVolumes: Self {
    Self(.createVolumes) { _ in "storage pool does not support volume creation" }
  }
  package static var deleteVolumes: Self {
    Self(.createVolumes) { _ in "storage pool does not support vol deletion" }
  }
  package static var resizeVolumes: Self {
    Self(.createVolumes) { _ in "storage pool does not support changing of volume capacity" }
  }
}

extension Ability where Interface == any CloningBackend {
  package static var cloneVolumes: Self {
    Self(.cloneVolumes) { _ in
      "storage pool does not support volume creation from an existing volume"
    }
  }
  package static var createWithContent: Self {
    Self(.cloneVolumes) { _ in "storage pool does not support volume creation with content" }
  }
}

extension Ability where Interface == any RenamingBackend {
  package static var renameVolumes: Self {
    Self(.renameVolumes) { "volumes of pools \($0.kind) cannot be renamed" }
  }
}

extension Ability where Interface == any OverlayBackend {
  package static var overlays: Self { Self(.overlays) }
}

extension Ability where Interface == any WipingBackend {
  package static var wipeVolumes: Self {
    Self(.wipeVolumes) { _ in "storage pool doesn't support volume wiping" }
  }
}

extension PoolAbility {
  /// Whether it changes volumes, so that no read-only pool has it.
  fileprivate var isChangeOfVolumes: Bool {
    let changes: [PoolAbility] = [
      .createVolumes, .cloneVolumes, .renameVolumes, .wipeVolumes, .transferVolumes, .revisions,
      .overlays, .extend,
    ]
    return changes.contains(self)
  }
}

extension Ability where Interface == any ReadingBackend {
  package static var readVolumes: Self {
    Self(.readVolumes) { "volumes of pools \($0.kind) cannot be read" }
  }
}

extension Ability where Interface == any ContentBackend {
  package static var transferVolumes: Self {
    Self(.transferVolumes) { "volumes of pools \($0.kind) cannot be changed" }
  }
}

extension Ability where Interface == any LifecycleBackend {
  package static var revisions: Self {
    Self(.revisions) { "volumes of pools \($0.kind) change in place and keep no revisions" }
  }
}

extension Ability where Interface == any NamingBackend {
  package static var listNames: Self { Self(.listNames) }
}

extension Ability where Interface == any ListingBackend {
  package static var listInParts: Self { Self(.listInParts) }
}

extension Ability where Interface == any SharingBackend {
  package static var shareBlocks: Self { Self(.shareBlocks) }
}

extension Ability where Interface == any FolderBackend {
  package static var shareFolder: Self { Self(.shareFolder) }
}

extension Ability where Interface == any AttachingBackend {
  package static var attach: Self { Self(.attach) }
}

extension Ability where Interface == any DegradableBackend {
  package static var tellImpairment: Self { Self(.tellImpairment) }
}

extension Ability where Interface == any SourceBackend {
  package static var tellSource: Self { Self(.tellSource) }
}

extension Ability where Interface == any ThinUsageBackend {
  package static var tellThinUsage: Self { Self(.tellThinUsage) }
}

extension Ability where Interface == any RefreshingBackend {
  package static var refresh: Self { Self(.refresh) }
}

extension Ability where Interface == any ExtendingBackend {
  package static var extend: Self {
    Self(.extend) { _ in "storage pool does not support adding devices" }
  }
}
