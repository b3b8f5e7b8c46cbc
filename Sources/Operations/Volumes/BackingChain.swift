import StorageBackend
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
  /// What keeps it from being read: missing, remote, a loop, another format than the image above says.
  package var problem: String?
  /// Whether it is there, and no volume of an active pool.
  var isForeign = false

  /// What keeps an encrypted image from showing through: nobody who reads the one above is given its secret, and would
  /// see what is encrypted, or write next to it what is not.
  static func cannotShow(_ encryption: Encryption.Format) -> String {
    "is encrypted by \(encryption.rawValue), and cannot be the base of another image"
  }
}

extension Storage {
  /// The most images a chain may have; QEMU itself gives up far below.
  private static let longestChain = 200

  /// The images below an overlay, the nearest first; empty for others.
  ///
  /// Only headers are read, of regular files and block devices, and nothing remote is followed. What cannot be
  /// read ends the list, with its problem.
  package func backingChain(of volume: Volume) -> [BackingImage] {
    backingChain(
      from: volume.definition.backingStore, above: volume.definition.target.path.map { [$0] } ?? [])
  }

  /// The images below one that names `first`.
  /// - Parameter above: what lies above it, so that a loop is found.
  func backingChain(from first: BackingStore?, above: [Path]) -> [BackingImage] {
    var chain: [BackingImage] = []
    var next = first
    var seen = Set(above.compactMap { (try? FileStatus(known: $0))?.object })
    while let backing = next {
      var image = BackingImage(path: backing.path, format: backing.format)
      next = nil
      if chain.count >= Storage.longestChain {
        image.problem = "the chain is longer than \(Storage.longestChain) images"
      } else if let problem = unreadablePlace(backing.path) {
        image.problem = problem
      } else {
        next = examine(&image, seen: &seen)
      }
      chain.append(image)
    }
    return chain
  }

  /// Why a resolved name is not that of a file.
  private func unreadablePlace(_ path: String) -> String? {
    switch ReferencePlace(of: path) {
    case .file: return path.hasPrefix("/") ? nil : "is no local file"
    case .unsettled: return "is named relative to whatever folder a program is started in"
    case .remote: return "is no local file"
    case .obscure: return "is no local file by its name alone"
    }
  }

  /// Fills in what is known of an image.
  /// - Returns: the image below it.
  private func examine(_ image: inout BackingImage, seen: inout Set<FileObject>) -> BackingStore? {
    do throws(StorageError) {
      let path = Path(image.path)
      let status = try FileStatus(following: path)
      guard status.kind == .regular || status.kind == .blockDevice else {
        image.problem = "is neither a file nor a block device"
        return nil
      }
      guard seen.insert(status.object).inserted else {
        image.problem = "is below itself"
        return nil
      }
      if let (pool, volume) = try volume(at: path) {
        (image.volume, image.pool) = (volume.name, pool.name)
        image.problem =
          volume.problem ?? contradiction(image.format, volume) ?? encryption(of: volume)
        return image.problem != nil || image.format?.isRaw == true
          ? nil : volume.definition.backingStore
      }
      image.isForeign = true
      // Without a format on record nothing is guessed.
      guard let format = image.format, !format.isRaw else { return nil }
      let file = try Descriptor(reading: path)
      let facts = try ImageProbe.probe(file, size: status.size, as: format)
      guard facts.format == format else {
        image.problem = "is not of format \(format.rawValue)"
        return nil
      }
      image.problem = facts.obstacle ?? facts.encryption.map(BackingImage.cannotShow)
      guard image.problem == nil else { return nil }
      return facts.backing.map {
        BackingStore(path: $0.resolved(beside: path), format: $0.format)
      }
    } catch {
      image.problem = error.reason ?? error.problem
      return nil
    }
  }

  /// What is wrong with the format that an overlay says its base has.
  ///
  /// What the base was made as, or is by its header where nothing is on record, is the truth: who writes an overlay, or
  /// a guest that writes into its raw disk, must not make another image of it.
  private func contradiction(_ claimed: VolumeFormat?, _ base: Volume) -> String? {
    let isDevice = base.definition.kind == .block
    let known = isDevice ? .raw : base.definition.target.format ?? .raw
    guard let claimed, claimed != known, !(claimed.isRaw && known.isRaw) else { return nil }
    let how = base.hasRecordedFormat ? "as recorded" : isDevice ? "a device" : "by its header"
    return "is of format \(known.rawValue), \(how), not \(claimed.rawValue)"
  }

  /// Why an encrypted volume cannot be below an overlay; nil for others.
  private func encryption(of base: Volume) -> String? {
    (base.definition.target.encryption?.format).map(BackingImage.cannotShow)
  }

  /// Refuses to read through a chain that leads out of the pools, or that cannot be read.
  ///
  /// The header of an image that somebody uploaded can name any file of the host; only what is a volume itself
  /// may show through. Whatever reads a volume's content, or gives it to a machine, asks this.
  /// - Parameter flattening: whether the user asked for images outside of the pools to show through; each is told.
  /// - Returns: the images below, the nearest first, and in which format each is read.
  @discardableResult
  func checkChain(
    of volume: Volume, in pool: ActivePool, flattening: Bool = false, _ steps: Steps
  ) throws(StorageError) -> [(image: BackingImage, format: VolumeFormat)] {
    if volume.definition.kind == .file, let problem = volume.problem {
      throw StorageError(.badInput, volume.subject, problem)
    }
    let copy = NextCommand.line("vol-clone", volume.name, "NEWNAME", "--flatten", in: pool.name)
    return try checkChain(
      backingChain(of: volume), volume.subject, flattening: flattening,
      advising: offers("flatten")
        ? "say --flatten, which reads it for a copy that stands alone"
        : "make a copy that stands alone: \(copy)", steps)
  }

  /// - Parameter advice: what else could be done where a chain leads out of the pools.
  @discardableResult
  func checkChain(
    _ chain: [BackingImage], _ subject: String, flattening: Bool = false,
    advising advice: String? = nil, _ steps: Steps
  ) throws(StorageError) -> [(image: BackingImage, format: VolumeFormat)] {
    try chain.map { image throws(StorageError) in
      func refused(_ problem: String, hint: String? = nil) -> StorageError {
        StorageError(
          .badInput, subject, "its backing store '\(image.path)' \(problem)", hint: hint)
      }
      if image.isForeign, !flattening {
        throw refused(
          "is not a volume of an active pool",
          hint: "Define and start a pool on its folder" + (advice.map { ", or \($0)" } ?? "."))
      }
      if let problem = image.problem { throw refused("cannot be used: \(problem)") }
      if image.isForeign {
        steps.warn(
          "\(subject): reads its backing store '\(image.path)', which is in no active pool")
      }
      guard let format = image.format else {
        throw refused(
          "has no format recorded; record it with qemu-img rebase -u -b BASE -F FORMAT IMAGE")
      }
      return (image, format)
    }
  }
}
