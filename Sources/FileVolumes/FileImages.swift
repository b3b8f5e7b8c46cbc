import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Volumes in other formats than raw, which qemu-img makes.
extension FileBackend {
  /// How the empty image of a volume is made that is not plainly raw.
  func recipe(_ plan: CreationPlan) -> ImageRecipe {
    if let encryption = plan.volume.target.encryption, encryption.format == .luks2 {
      return ImageRecipe(
        program: .cryptsetup, passphrase: plan.passphrase,
        size: plan.capacity.adding(Self.luks2DataOffset) ?? .maximum
      ) { path, passphrase in luks2Words(encryption, path, passphrase) }
    }
    let image = image(plan)
    let passphrase = plan.passphrase
    return ImageRecipe(program: .qemuImg, passphrase: passphrase) { path, file in
      var image = image
      image.key = passphrase?.key(in: file)
      return image.creation(at: path)
    }
  }

  /// What qemu-img is asked for.
  private func image(_ plan: CreationPlan) -> QemuImage {
    let target = plan.volume.target
    var image = QemuImage(format: target.format ?? .raw, capacity: plan.capacity)
    image.backing = plan.volume.backingStore
    if plan.preallocatesMetadata {
      // As libvirt: with all blocks where the allocation asks for them, else the tables alone.
      image.preallocation = plan.isWhole ? .falloc : .metadata
    }
    image.noCopyOnWrite = target.noCopyOnWrite
    image.compat = target.compat
    image.clusterSize = target.clusterSize
    image.features = target.features ?? []
    image.encryption = target.encryption
    return image
  }

  /// Changes the size of an image by qemu-img, which makes its own claim on it.
  ///
  /// That of a LUKS 2 volume is the file's without its header.
  func resizeImage(
    _ volume: Volume, _ name: String, to capacity: ByteCount, allocate: Bool, _ steps: Steps
  ) throws(StorageError) {
    guard !allocate else {
      throw StorageError(
        .unsupported, volume.subject, "preallocate is only supported for raw type volume")
    }
    // Its program would follow what a damaged or malicious header says.
    if let problem = volume.problem { throw StorageError(.badInput, volume.subject, problem) }
    let files = files(volume.name)
    let folder = try folder()
    let path = folder.path.appending(name)
    let change = try imageResize(volume.definition, from: volume.capacity, to: capacity)
    try steps.run(change.told(path)) { () throws(StorageError) in
      if name == files.committedPath { try prepareChange(of: files) }
      let file = try folder.openForWriting(name)
      try change.run(file, path)
      try file.confirm()
    }
  }

  /// Changes the size of an image that nobody knows yet.
  /// - Parameter path: what users call it.
  func setImageSize(
    of file: Descriptor, _ volume: VolumeDefinition, from before: ByteCount,
    to capacity: ByteCount, for path: Path
  ) throws(StorageError) {
    try imageResize(volume, from: before, to: capacity).run(file, path)
  }

  /// How an image gets another size: what is told, and what is done to an open file that users know by a path.
  private func imageResize(
    _ volume: VolumeDefinition, from before: ByteCount, to capacity: ByteCount
  ) throws(StorageError) -> (
    told: (Path) -> String, run: (Descriptor, Path) throws(StorageError) -> Void
  ) {
    if volume.target.encryption?.format == .luks2 {
      let size = capacity.roundedUp(to: 512)
      return (
        { "set size of '\($0)' to its header and \(size.bytes) bytes" },
        { file, _ throws(StorageError) in
          let header = try file.status().size - before
          try file.setSize(size.adding(header) ?? .maximum)
        }
      )
    }
    let passphrase = try secrets.passphrase(of: volume)
    let program = Program.qemuImg
    let subject = subject(volume)
    let format = volume.target.format ?? .raw
    func words(_ image: ImageReference, _ key: QemuImage.Key?) -> [String] {
      QemuImage.resizing(image, to: capacity, shrink: capacity < before, key: key)
    }
    return (
      { path in
        let key = passphrase?.key(in: ImagePassphrase.told)
        return "run \(program.commandLine(words(.told(path, format, key: key), key)))"
      },
      { file, path throws(StorageError) in
        let key = passphrase?.key(in: passphrase?.file.pathForChild ?? "")
        var layers = [try ImageLayer(file, format, key: key)]
        var kept = passphrase.map { [$0.file] } ?? []
        if let backing = volume.backingStore, capacity > before {
          // What is added reads as zeroes, also where the image below has something there: one of that length stands
          // for it.
          let hole = try Descriptor(hole: try self.capacity(ofImage: backing, below: volume))
          layers.append(try ImageLayer(hole, .raw))
          kept.append(hole)
        }
        try program.runOnImages(words(.opened(layers), key), subject, [(file, path)], memory: kept)
      }
    )
  }

  /// How long the disk in an image below an overlay is.
  /// - Throws: `badInput` where it is none of the format that it is said to have.
  private func capacity(ofImage backing: BackingStore, below volume: VolumeDefinition)
    throws(StorageError) -> ByteCount
  {
    let name = BackingReference(path: backing.path).resolved(beside: path(of: volume.name))
    let file = try Descriptor(reading: Path(name))
    return try backing.capacity(of: file, subject(volume))
  }

  func subject(_ volume: VolumeDefinition) -> String { "volume '\(volume.name)'" }
}

extension CreationPlan {
  /// Whether the volume is a file as long as its capacity, and nothing else.
  var isPlainlyRaw: Bool {
    volume.target.format?.isRaw != false && volume.target.encryption == nil
  }
}
