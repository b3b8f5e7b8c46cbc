import StorageBackend
import StorageModel

/// What is refused of a new volume, in any pool: what its own description contradicts, and what the pool's volumes
/// cannot be.
struct CreationRules {
  let volume: VolumeDefinition
  let traits: VolumeTraits
  let options: CreationOptions
  let properties: LifecycleProperties

  private var format: VolumeFormat { volume.target.format ?? .raw }

  private func refused(_ problem: String, _ code: StorageError.Code = .badInput) -> StorageError {
    StorageError(code, "volume '\(volume.name)'", problem)
  }

  /// Refuses what libvirt refuses, in its words, and what cannot work.
  /// - Parameter keepsBytes: whether the volume is a copy, byte by byte, of one that is there.
  func check(keepsBytes: Bool = false) throws(StorageError) {
    try checkFormat(keepsBytes: keepsBytes)
    try checkBacking()
    try checkPreallocation()
    if !properties.kind.savesState, !properties.snapOnStart, !format.isRaw {
      throw refused("volumes that keep nothing are raw, not \(format.rawValue)")
    }
    if format == .dir, !volume.lifecycle.isEmpty { throw refused("directories have no life cycle") }
    try checkEncryption(keepsBytes: keepsBytes)
  }

  private func checkFormat(keepsBytes: Bool) throws(StorageError) {
    let isKept =
      traits.formats.contains(format)
      || traits.areDevices && format.isRaw && traits.formats == [.raw]
      || keepsBytes && traits.keepsAnyImage
    guard isKept else {
      let known = traits.formats.map(\.rawValue).joined(separator: ", ")
      throw refused(
        "format '\(format.rawValue)' cannot be created: expected \(known)", .unsupported)
    }
    guard format == .qcow2 else {
      guard volume.target.compat == nil, volume.target.features == nil || keepsBytes else {
        throw refused("compatibility option only available with qcow2")
      }
      return
    }
    guard volume.target.compat == "0.10" else { return }
    for feature in ImageFeature.allCases where volume.target.features?.contains(feature) == true {
      // libvirt quotes the one and not the other.
      let word = feature == .lazyRefcounts ? feature.rawValue : "'\(feature.rawValue)'"
      throw refused("\(word) not supported with compat level 0.10")
    }
  }

  private func checkBacking() throws(StorageError) {
    guard volume.backingStore != nil else { return }
    switch traits.backing {
    case .none:
      throw refused("backing storage not supported for raw volumes", .unsupported)
    case .images where format == .dir:
      throw refused("backing storage not supported for directories volumes")
    case .images where format.isRaw:
      throw refused("backing storage not supported for raw volumes")
    case .images where !format.canHaveBase:
      throw refused(
        "backing storage not supported for \(format.rawValue) volumes: expected qcow2, qcow or qed")
    case .images, .snapshots: break
    }
  }

  private func checkPreallocation() throws(StorageError) {
    guard options.preallocatesMetadata else { return }
    if format.isRaw || format == .dir {
      throw refused("metadata preallocation is not supported for raw volumes")
    }
    if format != .qcow2 { throw refused("metadata preallocation only available with qcow2") }
    if volume.backingStore != nil {
      throw refused("metadata preallocation conflicts with backing store")
    }
  }

  private func checkEncryption(keepsBytes: Bool) throws(StorageError) {
    guard let encryption = volume.target.encryption,
      traits.backing != .snapshots || volume.backingStore == nil
    else { return }
    // What is copied as it is opens with what it opened with before, whoever knows that.
    if keepsBytes, traits.keepsAnyImage, encryption.secrets.count < 2 { return }
    guard let possible = traits.encryptions[format.isRaw ? .raw : format] else {
      throw refused(
        traits.encryptions.isEmpty
          ? "storage pool does not support encrypted volumes"
          : "volume encryption unsupported with format \(format.rawValue)", .unsupported)
    }
    guard possible.contains(encryption.format) else {
      throw refused(
        format.isRaw && !traits.areDevices
          ? "Only luks encryption is supported for raw files"
          : "unsupported volume encryption format \(encryption.format.rawValue)", .unsupported)
    }
    guard encryption.secrets.count == 1 || keepsBytes && encryption.secrets.isEmpty else {
      throw refused(
        "A single <secret type='passphrase'...> element is expected in encryption description",
        .unsupported)
    }
  }

  /// Refuses a volume whose size cannot be.
  /// - Parameter source: the volume that it starts from.
  func checkCapacity(from source: Volume?) throws(StorageError) {
    if properties.kind == .snapshot || format == .dir { return }
    guard let capacity = volume.capacity ?? source?.capacity else {
      throw refused("missing capacity element")
    }
    guard capacity > 0 || traits.allowsEmpty else {
      throw traits.areDevices
        ? StorageError(
          .badInput, "volume '\(volume.name)'",
          "volume capacity required for this storage pool")
        : refused("capacity must be above 0")
    }
  }

  /// Refuses content for what can have none.
  func checkHoldsContent() throws(StorageError) {
    switch format {
    case .dir: throw refused("a directory cannot be made from an image", .unsupported)
    case .extended: throw refused("an extended partition has no content to copy", .unsupported)
    default: break
    }
    guard properties.kind.savesState else {
      throw refused("keeps nothing (save_on_stop is no) and can have no content")
    }
  }

  // MARK: Copies

  /// Whether a copy of the source's bytes is the volume that is asked for.
  /// - Parameter sourceSecrets: with what the source is opened.
  func keepsBytes(of source: VolumeContent, openedWith sourceSecrets: [SecretReference]) -> Bool {
    let from = source.volume.definition
    let (there, wanted) = (from.target, volume.target)
    guard hasSameKey(wanted.encryption, there.encryption, sourceSecrets) else { return false }
    if format.isRaw, source.format.isRaw { return true }
    guard format == source.format, !options.preallocatesMetadata, volume.backingStore == nil,
      from.backingStore == nil || options.requiresReflink
    else { return false }
    let compat = there.foundCompat
    return (wanted.compat ?? compat) == compat
      && (wanted.clusterSize ?? there.clusterSize) == there.clusterSize
      && (wanted.features ?? there.features ?? []) == (there.features ?? [])
  }

  /// Whether what is asked for opens with what the source opens with, so that its bytes can stay.
  private func hasSameKey(
    _ wanted: Encryption?, _ present: Encryption?, _ presentSecrets: [SecretReference]
  ) -> Bool {
    guard let wanted, let present else { return wanted == nil && present == nil }
    // Where no secret is known nothing can be opened; then it is the caller who says which one does.
    return wanted.format == present.format && wanted.cipher == nil
      && (wanted.secrets.isEmpty || presentSecrets.isEmpty || wanted.secrets == presentSecrets)
  }

  /// Refuses a way that passphrases are in.
  func checkConversion(of source: VolumeContent) throws(StorageError) {
    let formats = [source.volume.definition.target, volume.target].compactMap(\.encryption?.format)
    guard !formats.isEmpty else { return }
    guard traits.convertsEncryption else {
      throw refused(
        "an encrypted volume can only be copied as it is, to a device with the same encryption and"
          + " secret", .unsupported)
    }
    guard !formats.contains(.luks2) else {
      throw refused(
        "LUKS 2 volumes can only be copied as they are, with the same secret: qemu-img cannot read"
          + " them", .unsupported)
    }
  }
}
