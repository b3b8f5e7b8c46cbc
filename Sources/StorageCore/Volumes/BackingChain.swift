import StorageModel
import StorageOS

/// One image below an overlay.
package struct BackingImage: Sendable {
  /// As the image above names it, made absolute; a URI or `json:…` as it is.
  package let path: String
  /// nil where neither the image above nor a record names it.
  package let format: VolumeFormat?
  /// The volume that it is, of an active pool.
  package var volume: VolumeName?
  package var pool: PoolName?
  /// What keeps it from being read: missing, remote, a loop.
  package var problem: String?
}

extension Storage {
  /// The most images a chain may have; QEMU itself gives up far below.
  private static let longestChain = 200

  /// The images below an overlay, the nearest first; empty for others.
  ///
  /// Only headers are read, of regular files and block devices, and nothing remote is followed. What cannot be
  /// read ends the list, with its problem.
  package func backingChain(of volume: Volume) -> [BackingImage] {
    var chain: [BackingImage] = []
    var next = volume.definition.backingStore
    var seen: Set<FileStatus.Identity> = []
    if let path = volume.definition.target.path, let own = try? FileStatus(following: path) {
      seen.insert(own.identity)
    }
    while let backing = next {
      var image = BackingImage(path: backing.path, format: backing.format)
      next = nil
      if chain.count >= Storage.longestChain {
        image.problem = "the chain is longer than \(Storage.longestChain) images"
      } else if !backing.path.hasPrefix("/") {
        image.problem = "is no local file"
      } else {
        next = examine(&image, seen: &seen)
      }
      chain.append(image)
    }
    return chain
  }

  /// Fills in what is known of an image.
  /// - Returns: the image below it.
  private func examine(_ image: inout BackingImage, seen: inout Set<FileStatus.Identity>)
    -> BackingStore?
  {
    do throws(StorageError) {
      let path = Path(image.path)
      let status = try FileStatus(following: path)
      guard status.kind == .regular || status.kind == .blockDevice else {
        image.problem = "is neither a file nor a block device"
        return nil
      }
      guard seen.insert(status.identity).inserted else {
        image.problem = "is below itself"
        return nil
      }
      if let (pool, volume) = try volume(atPath: image.path) {
        (image.volume, image.pool) = (volume.name, pool.name)
        image.problem = volume.problem
        return image.format?.isRaw == true ? nil : volume.definition.backingStore
      }
      // Without a format on record nothing is guessed.
      guard let format = image.format, !format.isRaw else { return nil }
      let file = try Descriptor(reading: path)
      let facts = try ImageProbe.probe(size: status.size) { offset, count throws(StorageError) in
        try file.read(at: offset, count: count)
      }
      guard facts.format == format else {
        image.problem = "is not of format \(format.rawValue)"
        return nil
      }
      return facts.backing.map {
        BackingStore(path: $0.resolved(beside: path), format: $0.format)
      }
    } catch {
      image.problem = error.reason ?? error.problem
      return nil
    }
  }

  /// Refuses to read through a chain that leads out of the pools, or that cannot be read.
  ///
  /// The header of an image that somebody uploaded can name any file of the host; only what is a volume itself
  /// may show through.
  func checkChain(of volume: Volume) throws(StorageError) {
    for image in backingChain(of: volume) {
      func refused(_ code: StorageError.Code, _ problem: String) -> StorageError {
        StorageError(code, volume.subject, "its backing store '\(image.path)' \(problem)")
      }
      if let problem = image.problem { throw refused(.badInput, "cannot be used: \(problem)") }
      guard image.volume != nil else {
        throw refused(
          .badInput, "is not a volume of an active pool; define a pool on its folder to use it")
      }
      guard image.format != nil else {
        throw refused(.badInput, "has no format recorded; record it with qemu-img rebase -u -F")
      }
    }
  }
}
