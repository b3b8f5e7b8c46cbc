import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Content in another format than the volume's.
extension Storage {
  /// Replaces a volume's content by the disk in an image of another format, which is converted.
  ///
  /// The volume gets the size of that disk, as with any import.
  /// - Returns: the checksum of the image, if it was asked for.
  func importConverted(
    _ source: Descriptor, _ acceptance: ContentAcceptance, _ options: ImportOptions,
    pool: ActivePool, backend: any ContentBackend, _ steps: Steps
  ) throws(StorageError) -> Checksum? {
    let volume = acceptance.volume
    guard volume.definition.target.encryption == nil else {
      throw StorageError(
        .unsupported, volume.subject, "is encrypted: content of another format is not converted",
        hint: "Make a volume of it with vol-import --create, and of that one an encrypted one with"
          + " vol-create-from.")
    }
    guard acceptance.format.isRaw || acceptance.format.isWrittenByQEMU else {
      throw StorageError(
        .unsupported, volume.subject, "images of format \(acceptance.format.rawValue) are not made")
    }
    guard options.decompression != .zstd, let size = try source.contentSize(), source.position == 0
    else {
      throw StorageError(
        .unsupported, source.path.text, "can be converted only as a file that is not compressed",
        hint: "Put the content into a file first.")
    }
    try checkIsNoBase(volume, in: pool, steps)
    try checkUnused(volume, backend, committed: .anyone, steps)
    let (facts, _) = try judge(acceptance, size: size, steps) {
      offset, count throws(StorageError) in try source.read(at: offset, count: count)
    }
    let disk =
      facts.format.isRaw || acceptance.declared?.isRaw == true ? size : facts.capacity ?? size
    try check(disk, options.size, of: source.path, volume)
    let transfer = Transfer(from: source, to: source)
    let sum = isDryRun ? nil : try transfer.measure(options.check, of: source.path.text)
    let conversion = ImageConversion(
      from: content(source, acceptance, disk), key: nil, to: volume.definition, key: nil)
    let path = volume.definition.target.path ?? source.path
    try backend.replaceCommitted(of: volume, size: disk, steps) { target throws(StorageError) in
      let isFile = try target.status().kind == .regular
      if isFile { try makeEmpty(target, volume.definition, disk) }
      try conversion.run(
        into: target, named: path, isZero: isFile || target.readsAsZeroes, steps.progress)
    }
    return sum
  }

  /// The image as what is converted from.
  private func content(
    _ source: Descriptor, _ acceptance: ContentAcceptance, _ disk: ByteCount
  ) -> VolumeContent {
    var definition = VolumeDefinition(name: acceptance.volume.name, capacity: disk)
    definition.target.path = source.path
    definition.target.format = acceptance.declared
    let volume = Volume(
      definition: definition, properties: acceptance.volume.properties, hasCommitted: true,
      hasWorkingCopy: false)
    return VolumeContent(volume, source)
  }

  private func check(
    _ disk: ByteCount, _ wanted: ImportSize, of source: Path, _ volume: Volume
  ) throws(StorageError) {
    let expected: ByteCount
    switch wanted {
    case .automatic: return
    case .keep: expected = try volume.knownCapacity()
    case .exactly(let size): expected = size
    }
    guard disk != expected else { return }
    throw StorageError(
      .badInput, source.text,
      "holds a disk of \(disk.bytes) bytes, expected \(expected.bytes)")
  }

  /// Makes an empty image like the volume's in a new file.
  private func makeEmpty(_ file: Descriptor, _ definition: VolumeDefinition, _ disk: ByteCount)
    throws(StorageError)
  {
    guard !definition.target.imageFormat.isRaw else { return try file.setSize(disk) }
    var image = QemuImage(format: definition.target.imageFormat, capacity: disk)
    image.compat = definition.target.compat
    image.clusterSize = definition.target.clusterSize
    image.features = definition.target.features ?? []
    if image.format == .qcow2, image.compat == nil { image.compat = "0.10" }
    try Program.qemuImg.runOnImages(
      image.creation(at: file.pathForChild), "volume '\(definition.name)'",
      [(file, definition.target.path ?? file.path)])
  }
}
