import StorageModel

/// What is asked of a new volume beyond its document.
package struct CreationOptions: Sendable {
  /// Whether the metadata of a qcow2 is made at once.
  package var preallocatesMetadata = false
  /// Whether the image below a new overlay is named relative to the pool's folder, so that both can be moved.
  package var backingIsRelative = false
  /// Whether nothing but sharing blocks with the volume it is made from will do.
  package var requiresReflink = false
  /// Whether images outside of the pools may show through the volume it is made from.
  package var flattens = false
  /// The revision of the volume it is made from whose content it gets; nil for the committed state.
  package var revision: String?
  /// The sectors that the content to be copied is made for, where users said so.
  package var sectorSize: ByteCount?
  package init() {}
}
