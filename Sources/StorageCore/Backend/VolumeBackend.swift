import StorageModel
import StorageOS

/// Pools in which volumes can be made, resized and deleted.
package protocol VolumeBackend: PoolBackend {
  /// Checks and completes a request, without changing anything.
  func plan(_ request: VolumeDefinition, _ options: CreationOptions) throws(StorageError)
    -> VolumeDefinition
  func create(_ volume: VolumeDefinition, _ options: CreationOptions, _ steps: Steps)
    throws(StorageError)
  func delete(_ volume: Volume, _ steps: Steps) throws(StorageError)
  /// - Parameters:
  ///   - capacity: the new size; smaller than the present one only where the caller allowed that.
  ///   - allocate: whether what is added gets blocks at once.
  ///   - working: whether the working copy is meant rather than the committed state.
  func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError)
}

/// What is asked of a new volume beyond its document.
package struct CreationOptions: Sendable {
  /// Whether the metadata of a qcow2 is made at once.
  package var preallocatesMetadata = false
  /// Whether nothing but sharing blocks with the volume it is made from will do.
  package var requiresReflink = false
  /// The sectors that the content to be copied is made for, where users said so.
  package var sectorSize: ByteCount?
  package init() {}
}

/// Pools in which a volume can be made with the content of another, which may be in another pool.
package protocol CloningBackend: VolumeBackend {
  /// Makes a planned volume with the content of `source`; its capacity is at least the source's.
  func create(
    _ volume: VolumeDefinition, from source: VolumeContent, _ options: CreationOptions,
    _ steps: Steps
  ) throws(StorageError)
}

/// The content of a volume, open for reading.
package struct VolumeContent: Sendable {
  package let volume: Volume
  package let descriptor: Descriptor

  package init(_ volume: Volume, _ descriptor: Descriptor) {
    self.volume = volume
    self.descriptor = descriptor
  }

  /// The format of what is read; partitions and logical volumes are raw.
  package var format: VolumeFormat {
    volume.definition.kind == .block ? .raw : volume.definition.target.format ?? .raw
  }
}

/// Pools whose volumes can be overwritten so that their content cannot be had back.
package protocol WipingBackend: ContentBackend {
  func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps) throws(StorageError)
}

/// Pools whose volumes can be overlays on other images.
package protocol OverlayBackend: PoolBackend {
  /// The volumes that name the file as the image below them, in whatever state they keep.
  func overlays(on base: FileStatus.Identity) throws(StorageError) -> [VolumeName]
}
