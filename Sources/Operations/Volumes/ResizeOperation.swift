import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// How a new size is meant.
  package enum Resize: Sendable {
    case to(ByteCount)
    case by(ByteCount)
    /// Less by that much.
    case less(ByteCount)
  }

  /// Changes a volume's size: of the working copy while it is started, else of what is committed.
  ///
  /// What is asked for is rounded up to a size that the volume can have before it is compared with the present one.
  /// - Returns: also the new size. The same size is a success without a change.
  package func resizeVolume(
    _ text: String, in poolText: String?, _ resize: Resize, allocate: Bool, shrink: Bool
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, ByteCount) {
    var result: ByteCount = 0
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      let transition = try volume.transition(.resize)
      _ = try volume.knownCapacity()
      let resizing = try pool.backend.required(.resizeVolumes)
      let target = try newSize(resize, of: volume, resizing)
      result = target
      if target < volume.capacity {
        guard shrink else {
          let allocation = volume.definition.allocation ?? 0
          throw StorageError(
            .badInput, volume.subject,
            target < allocation
              ? "can't shrink capacity below existing allocation"
              : "Can't shrink capacity below current capacity unless shrink flag explicitly specified"
          )
        }
        try checkIsNoBase(volume, in: pool, steps)
      }
      // A raw file can grow under a running machine; an image's tables cannot change under one, and are changed by
      // a program that makes its own claim.
      let encryption = volume.definition.target.encryption?.format
      let isRaw =
        volume.definition.target.format?.isRaw != false
        && (encryption == nil || encryption == .luks2)
      if target < volume.capacity || !isRaw {
        try checkUnused(
          volume, backend, committed: .anyone, claiming: isRaw ? .changing : nil, steps)
      }
      if target == volume.capacity, !allocate { return }
      if allocate {
        let needed = target - (volume.definition.allocation ?? 0)
        let available = try pool.backend.sizes().available
        guard needed <= available else {
          throw StorageError(.noSpace, volume.subject, "Not enough space left in storage pool")
        }
      }
      try callbacks(of: pool)?.run(
        .beforeResize, of: volume.definition, telling: [String(target.bytes)], steps)
      for action in transition.actions {
        try resizing.resize(
          volume, to: target, allocate: allocate, working: action == .resizeWorkingCopy, steps)
      }
    }
    return (change, pool, name, result)
  }

  private func newSize(_ resize: Resize, of volume: Volume, _ backend: any VolumeBackend)
    throws(StorageError) -> ByteCount
  {
    let wanted: ByteCount
    switch resize {
    case .to(let size): wanted = size
    case .by(let more):
      guard let size = volume.capacity.adding(more) else {
        throw StorageError(
          .badInput, volume.subject, "numerical overflow: value too large: \(more.bytes)")
      }
      wanted = size
    case .less(let less):
      guard less <= volume.capacity else {
        throw StorageError(
          .badInput, volume.subject,
          "cannot shrink by \(less.bytes) bytes: it has \(volume.capacity.bytes)")
      }
      wanted = volume.capacity - less
    }
    guard wanted != volume.capacity else { return wanted }
    guard wanted > 0 || backend.traits.allowsEmpty else {
      throw StorageError(.badInput, volume.subject, "capacity must be above 0")
    }
    return try backend.sizeRule(of: volume.definition).roundedUp(wanted)
  }
}
