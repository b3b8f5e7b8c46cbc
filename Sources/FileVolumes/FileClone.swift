import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Volumes with the content of others.
extension FileBackend {
  /// Copies the file whole where its format stays, sharing blocks where possible; else converts it by qemu-img.
  ///
  /// An overlay becomes a volume of its own, unless blocks have to be shared: then the copy is an overlay on the
  /// same image. Holes stay holes. A capacity above the source's is given at the end.
  package func create(
    _ volume: VolumeDefinition, from source: VolumeContent, _ options: CreationOptions,
    _ steps: Steps
  ) throws(StorageError) {
    let files = files(volume.name)
    if volume.target.format == .dir {
      throw StorageError(.unsupported, subject(volume), "a directory cannot be made from an image")
    }
    guard volume.lifecycle.resolved(with: pool.lifecycle).kind.savesState else {
      throw StorageError(
        .badInput, subject(volume), "keeps nothing (save_on_stop is no) and can have no content")
    }
    let sectors = options.sectorSize ?? source.volume.sectorSize
    try writeRecord(of: volume, for: files, sectorSize: sectors, steps)
    if canCopy(source, to: volume, options) {
      try copyContent(of: source, to: volume, files, options, steps)
    } else {
      guard !options.requiresReflink else {
        throw StorageError(
          .unsupported, subject(volume),
          "--reflink needs the same format and options as '\(source.volume.name)' has")
      }
      try convertContent(of: source, to: volume, files, options, steps)
    }
  }

  /// Whether a copy of the source's bytes is the volume that was asked for.
  private func canCopy(
    _ source: VolumeContent, to volume: VolumeDefinition, _ options: CreationOptions
  ) -> Bool {
    let from = source.volume.definition
    let (there, wanted) = (from.target, volume.target)
    guard hasSameKey(wanted.encryption, there) else { return false }
    if wanted.format?.isRaw == true, source.format.isRaw { return true }
    guard wanted.format == source.format, !options.preallocatesMetadata,
      from.backingStore == nil || options.requiresReflink
    else { return false }
    // libvirt has no word for the compat of version 2, so that its documents cannot ask for it again.
    let compat = there.compat ?? (source.format == .qcow2 ? "0.10" : nil)
    return (wanted.compat ?? compat) == compat
      && (wanted.clusterSize ?? there.clusterSize) == there.clusterSize
      && (wanted.features ?? there.features ?? []) == (there.features ?? [])
  }

  /// Whether what is asked for opens with what the source opens with, so that its bytes can stay.
  private func hasSameKey(_ wanted: Encryption?, _ there: VolumeTarget) -> Bool {
    guard let wanted, let present = there.encryption else {
      return wanted == nil && there.encryption == nil
    }
    let secrets =
      present.secrets.isEmpty ? [.usage(there.path?.text ?? "")] : present.secrets
    return wanted.format == present.format && wanted.cipher == nil && wanted.secrets == secrets
  }

  private func copyContent(
    of source: VolumeContent, to volume: VolumeDefinition, _ files: VolumeFiles,
    _ options: CreationOptions, _ steps: Steps
  ) throws(StorageError) {
    let path = path(of: volume.name)
    let isRaw = volume.target.format?.isRaw == true && volume.target.encryption == nil
    let capacity = volume.capacity ?? source.volume.capacity
    try steps.run("copy '\(source.descriptor.path)' to '\(path)'") { () throws(StorageError) in
      try makeCommittedFile(volume, files, named: !isRaw) { file throws(StorageError) in
        if options.requiresReflink {
          guard try Copy.reflink(source.descriptor, to: file) else {
            throw StorageError(
              .unsupported, "", "failed to clone files from '\(source.descriptor.path)'",
              reason: "Operation not supported")
          }
        } else {
          try Copy.contents(of: source.descriptor, to: file, progress: steps.progress)
        }
        if isRaw {
          if capacity > source.volume.capacity { try file.setSize(capacity) }
          if let allocation = volume.allocation, allocation >= capacity {
            try file.allocate(to: capacity)
          }
        } else if capacity > source.volume.capacity {
          let home = try home(of: files)
          try setImageSize(
            of: file.path.lastComponent, in: home, volume, from: source.volume.capacity,
            to: capacity)
        }
      }
    }
  }

  private func convertContent(
    of source: VolumeContent, to volume: VolumeDefinition, _ files: VolumeFiles,
    _ options: CreationOptions, _ steps: Steps
  ) throws(StorageError) {
    let from = source.volume.definition
    if from.target.encryption != nil || volume.target.encryption != nil {
      return try convertEncrypted(from: source, to: volume, files, options, steps)
    }
    let image = image(volume, options)
    let program = Program.qemuImg
    let path = path(of: volume.name)
    let isLarger = (volume.capacity ?? 0) > source.volume.capacity
    func commands(_ input: String, _ output: String) -> [[String]] {
      let conversion = image.conversion(
        from: input, source.format, to: output, isThere: isLarger)
      return isLarger ? [image.creation(at: output), conversion] : [conversion]
    }
    let told = commands(source.descriptor.path.text, path.text).map(program.commandLine)
    try steps.run("run \(told.joined(separator: "; "))") { () throws(StorageError) in
      try makeCommittedFile(volume, files, named: true) { file throws(StorageError) in
        let home = try home(of: files)
        for words in commands(readable(source), home.reachable(file.path.lastComponent)) {
          try program.runOnImage(
            words, subject(volume), keeping: [home.descriptor, source.descriptor],
            temporary: file.path, for: path)
        }
      }
    }
  }

  /// Makes the image first, then fills it: what is read or written goes through a passphrase.
  private func convertEncrypted(
    from source: VolumeContent, to volume: VolumeDefinition, _ files: VolumeFiles,
    _ options: CreationOptions, _ steps: Steps
  ) throws(StorageError) {
    let from = source.volume.definition
    try checkConvertible([from, volume], subject(volume))
    let recipe = try recipe(volume, options)
    let sourceKey = try passphrase(of: from)
    let path = path(of: volume.name)
    func filling(_ output: String, _ input: String, told: Bool) -> [String] {
      func file(_ key: ImagePassphrase) -> String {
        told ? ImagePassphrase.told : key.file.pathForChild
      }
      var image = image(volume, options)
      image.key = recipe.passphrase.map { $0.key(in: file($0)) }
      return image.conversionInto(
        output, from: input, source.format, sourceKey: sourceKey.map { $0.key(in: file($0)) })
    }
    let program = Program.qemuImg
    let told = program.commandLine(filling(path.text, source.descriptor.path.text, told: true))
    try steps.run("run \(recipe.told(path)); \(told)") { () throws(StorageError) in
      try makeCommittedFile(volume, files, named: true) { file throws(StorageError) in
        let home = try home(of: files)
        try recipe.make(in: file, of: home, subject(volume), for: path)
        let words = filling(
          home.reachable(file.path.lastComponent), readable(source), told: false)
        try program.runOnImage(
          words, subject(volume),
          keeping: [home.descriptor, source.descriptor]
            + [recipe.passphrase, sourceKey].compactMap { $0?.file },
          temporary: file.path, for: path)
      }
    }
  }

  /// The path by which a program reaches a source.
  ///
  /// Names relative to the source's folder mean something only from there.
  private func readable(_ source: VolumeContent) -> String {
    source.volume.definition.backingStore == nil
      ? source.descriptor.pathForChild : source.descriptor.path.text
  }
}
