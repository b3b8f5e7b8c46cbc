import StorageHost
import StorageModel
import StorageOS

/// The finished plan of a new volume: what is decided above the backends, for one of them to carry out.
package struct CreationPlan: Sendable {
  /// What the volume will be; its capacity is one that it can have.
  package let volume: VolumeDefinition
  /// How much gets blocks at once; at most the capacity.
  package let allocation: ByteCount
  package let preallocatesMetadata: Bool
  /// Whether the volume keeps a state, and so has one from the beginning.
  package let savesState: Bool
  /// The sectors that its content is made for, where those are to be remembered; nil means the usual ones.
  package let sectorSize: ByteCount?
  /// The passphrase of an encrypted volume that another program makes.
  package let passphrase: ImagePassphrase?

  package var name: VolumeName { volume.name }
  package var capacity: ByteCount { volume.capacity ?? 0 }
  package var subject: String { "volume '\(volume.name)'" }
  /// Whether all of it gets blocks.
  package var isWhole: Bool { allocation >= capacity }

  package init(
    _ volume: VolumeDefinition, preallocatesMetadata: Bool = false, savesState: Bool = true,
    sectorSize: ByteCount? = nil, passphrase: ImagePassphrase? = nil
  ) {
    self.volume = volume
    allocation = min(volume.allocation ?? volume.capacity ?? 0, volume.capacity ?? 0)
    self.preallocatesMetadata = preallocatesMetadata
    self.savesState = savesState
    self.sectorSize = sectorSize == SectorSize.usual ? nil : sectorSize
    self.passphrase = passphrase
  }
}

/// What goes into a new volume.
package struct NewContent {
  /// Which way it gets there.
  package enum Way {
    /// Byte by byte, blocks shared where that is possible: what is there afterwards is what was read.
    case copy(Descriptor)
    /// By qemu-img, into an image of the new volume's format, with its passphrase, that is there already.
    case conversion(ImageConversion)
    /// What comes from outside, as the caller writes it; returns how large the disk in it is.
    case writing(named: String, (Descriptor, Progress?) throws(StorageError) -> ByteCount)
  }

  package let way: Way
  /// How many bytes of a device it takes; 0 where that is not known, of content from outside for a file.
  package let size: ByteCount
  /// How large the disk in it is, which is fewer bytes where it is an image.
  private let capacity: ByteCount

  package init(_ way: Way, size: ByteCount, capacity: ByteCount) {
    self.way = way
    self.size = size
    self.capacity = capacity
  }

  /// Whether the new volume is an image that has to be there before the content is written.
  package var needsImage: Bool {
    if case .conversion = way { return true }
    return false
  }

  /// The step, as users are told; parameters as of `write`.
  package func told(_ path: Path, isZero: Bool) -> String {
    switch way {
    case .copy(let source): return "copy '\(source.path)' to '\(path)'"
    case .conversion(let conversion):
      return "run \(conversion.commandLine(path, isZero: isZero))"
    case .writing(let name, _): return "write '\(name)' to '\(path)'"
    }
  }

  /// Writes it into the new volume; users see how far that is.
  /// - Parameters:
  ///   - path: what users call the target.
  ///   - isZero: whether the target is known to read as zeroes.
  /// - Returns: how large the disk in it is.
  @discardableResult
  package func write(to target: Descriptor, named path: Path, isZero: Bool, _ steps: Steps)
    throws(StorageError) -> ByteCount
  {
    switch way {
    case .copy(let source):
      try Copy.contents(of: source, to: target, progress: steps.progress)
    case .conversion(let conversion):
      try conversion.run(into: target, named: path, isZero: isZero, steps.progress)
    case .writing(_, let write): return try write(target, steps.progress)
    }
    return capacity
  }
}
