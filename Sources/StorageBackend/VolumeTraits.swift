import StorageModel

/// What the volumes of a pool can be, and how they are made.
///
/// A backend only says it. The rules that follow, what is refused and what is rounded, are the same for all pools and
/// are applied before the backend is asked to make anything: see `Storage.plan`.
package struct VolumeTraits: Sendable {
  /// What the image below a new volume can be.
  package enum Backing: Sendable {
    case none
    /// A volume is an overlay on any image, where its format has a word for that.
    case images
    /// A volume is a snapshot of another one of the pool, as the engine makes it.
    case snapshots
  }

  /// The formats that volumes can be made in, the usual one first.
  package var formats: [VolumeFormat]
  /// Whether images of any other format can be kept, as they are.
  package var keepsAnyImage = false
  /// Whether volumes are devices, with sectors of their own, which hold a disk byte by byte.
  package var areDevices = false
  package var backing = Backing.none
  /// How volumes of a format can be encrypted.
  package var encryptions: [VolumeFormat: [Encryption.Format]] = [:]
  /// Whether content can be encrypted and decrypted on its way into a new volume.
  package var convertsEncryption = false
  /// Whether a volume can have no content at all.
  package var allowsEmpty = false

  package init(_ formats: [VolumeFormat]) { self.formats = formats }
}
