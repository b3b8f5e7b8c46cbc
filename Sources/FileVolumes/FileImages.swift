import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Volumes in other formats than raw, which qemu-img makes.
extension FileBackend {
  /// Refuses what libvirt refuses, in its words.
  func checkFormat(of volume: VolumeDefinition, _ options: CreationOptions) throws(StorageError) {
    func refused(_ problem: String, _ code: StorageError.Code = .badInput) -> StorageError {
      StorageError(code, "volume '\(volume.name)'", problem)
    }
    let format = volume.target.format ?? .raw
    guard VolumeFormat.creatable.contains(format) else {
      let known = VolumeFormat.creatable.map(\.rawValue).joined(separator: ", ")
      throw refused(
        "format '\(format.rawValue)' cannot be created: expected \(known)", .unsupported)
    }
    guard format == .raw || !driver.usesQubesLayout else {
      throw refused("pools of driver '\(driver.rawValue)' hold raw volumes only", .unsupported)
    }
    if volume.target.compat != nil || volume.target.features != nil, format != .qcow2 {
      throw refused("compatibility option only available with qcow2")
    }
    if volume.target.compat == "0.10" {
      for feature in ImageFeature.allCases where volume.target.features?.contains(feature) == true {
        // libvirt quotes the one and not the other.
        let word = feature == .lazyRefcounts ? feature.rawValue : "'\(feature.rawValue)'"
        throw refused("\(word) not supported with compat level 0.10")
      }
    }
    if volume.backingStore != nil {
      if format == .dir { throw refused("backing storage not supported for directories volumes") }
      if format.isRaw { throw refused("backing storage not supported for raw volumes") }
    }
    if options.preallocatesMetadata {
      if format.isRaw || format == .dir {
        throw refused("metadata preallocation is not supported for raw volumes")
      }
      if format != .qcow2 { throw refused("metadata preallocation only available with qcow2") }
      if volume.backingStore != nil {
        throw refused("metadata preallocation conflicts with backing store")
      }
    }
    let properties = volume.lifecycle.resolved(with: pool.lifecycle)
    if !properties.kind.savesState, !properties.snapOnStart, !format.isRaw {
      throw refused("volumes that keep nothing are raw, not \(format.rawValue)")
    }
    if format == .dir, !volume.lifecycle.isEmpty {
      throw refused("directories have no life cycle")
    }
    try checkEncryption(of: volume, format)
  }

  private func checkEncryption(of volume: VolumeDefinition, _ format: VolumeFormat)
    throws(StorageError)
  {
    guard let encryption = volume.target.encryption else { return }
    func refused(_ problem: String) -> StorageError {
      StorageError(.unsupported, "volume '\(volume.name)'", problem)
    }
    guard format == .raw || format == .qcow2 else {
      throw refused("volume encryption unsupported with format \(format.rawValue)")
    }
    guard !driver.usesQubesLayout else {
      throw refused("pools of driver '\(driver.rawValue)' hold raw volumes only")
    }
    guard encryption.format == .luks || encryption.format == .luks2 && format == .raw else {
      throw refused(
        format == .raw
          ? "Only luks encryption is supported for raw files"
          : "unsupported volume encryption format \(encryption.format.rawValue)")
    }
    guard encryption.secrets.count == 1 else {
      throw refused(
        "A single <secret type='passphrase'...> element is expected in encryption description")
    }
  }

  /// Makes a volume's file by the program that knows its format.
  func createImage(
    _ volume: VolumeDefinition, _ files: VolumeFiles, _ options: CreationOptions, _ steps: Steps
  ) throws(StorageError) {
    let recipe = try recipe(volume, options)
    let path = path(of: volume.name)
    try steps.run("run \(recipe.told(path))") { () throws(StorageError) in
      try makeCommittedFile(volume, files, named: true) { file throws(StorageError) in
        try recipe.make(in: file, of: home(of: files), subject(volume), for: path)
      }
    }
  }

  /// What qemu-img is asked for.
  func image(_ volume: VolumeDefinition, _ options: CreationOptions) -> QemuImage {
    var image = QemuImage(format: volume.target.format ?? .raw, capacity: volume.capacity)
    image.backing = volume.backingStore
    if options.preallocatesMetadata {
      // As libvirt: with all blocks where the allocation asks for them, else the tables alone.
      let isWhole = volume.allocation.map { $0 >= volume.capacity ?? 0 } ?? true
      image.preallocation = isWhole ? .falloc : .metadata
    }
    image.noCopyOnWrite = volume.target.noCopyOnWrite
    image.compat = volume.target.compat
    image.clusterSize = volume.target.clusterSize
    image.features = volume.target.features ?? []
    image.encryption = volume.target.encryption
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
    let change = try imageResize(volume.definition, from: volume.capacity, to: capacity)
    try steps.run(change.told(folder.path.appending(name))) { () throws(StorageError) in
      if name == files.committedPath { try prepareChange(of: files) }
      try change.run(name, folder)
      try folder.open(name, flags: Descriptor.readOnly).sync()
    }
  }

  /// Changes the size of an image that nobody knows yet.
  func setImageSize(
    of name: String, in folder: Folder, _ volume: VolumeDefinition, from before: ByteCount,
    to capacity: ByteCount
  ) throws(StorageError) {
    try imageResize(volume, from: before, to: capacity).run(name, folder)
  }

  /// How an image gets another size: what is told, and what is done to a file in a folder.
  private func imageResize(
    _ volume: VolumeDefinition, from before: ByteCount, to capacity: ByteCount
  ) throws(StorageError) -> (
    told: (Path) -> String, run: (String, Folder) throws(StorageError) -> Void
  ) {
    if volume.target.encryption?.format == .luks2 {
      let size = capacity.roundedUp(to: 512)
      return (
        { "set size of '\($0)' to its header and \(size.bytes) bytes" },
        { name, folder throws(StorageError) in
          let file = try folder.openForWriting(name)
          let header = try file.status().size - before
          try file.setSize(size.adding(header) ?? .maximum)
        }
      )
    }
    let passphrase = try passphrase(of: volume)
    let words = { (path: String, file: String) in
      QemuImage.resizing(
        path, volume.target.format ?? .raw, to: capacity, shrink: capacity < before,
        key: passphrase?.key(in: file))
    }
    let program = Program.qemuImg
    let subject = subject(volume)
    return (
      { "run \(program.commandLine(words($0.text, ImagePassphrase.told)))" },
      { name, folder throws(StorageError) in
        try program.runOnImage(
          words(folder.reachable(name), passphrase?.file.pathForChild ?? ""), subject,
          keeping: [folder.descriptor] + (passphrase.map { [$0.file] } ?? []))
      }
    )
  }

  func subject(_ volume: VolumeDefinition) -> String { "volume '\(volume.name)'" }
}

extension Folder {
  /// A path of a file below the folder for a program that inherits the folder's descriptor; it leads there
  /// whatever happens to the names above.
  func reachable(_ name: String) -> String { "/proc/self/fd/\(descriptor.number)/\(name)" }
}

extension Program {
  /// Runs qemu-img on images.
  /// - Parameters:
  ///   - temporary: what the image is called until it is whole, and so in qemu-img's errors.
  ///   - name: what users call it.
  /// - Throws: `busy` where somebody has one of them open.
  func runOnImage(
    _ arguments: [String], _ subject: String, keeping kept: [Descriptor],
    temporary: Path? = nil, for name: Path? = nil
  ) throws(StorageError) {
    do throws(StorageError) {
      try run(arguments, on: subject, keeping: kept)
    } catch {
      var error = error
      if let reason = error.reason {
        if reason.contains("Failed to get ") { error.code = .busy }
        if reason.contains("does not support resize") { error.code = .unsupported }
        var text = kept.reduce(reason) { text, descriptor in
          text.replacing("/proc/self/fd/\(descriptor.number)", by: descriptor.path.text)
        }
        if let temporary, let name { text = text.replacing(temporary.text, by: name.text) }
        error.reason = text
      }
      throw error
    }
  }
}

extension String {
  /// The text with every occurrence of another replaced.
  fileprivate func replacing(_ text: String, by other: String) -> String {
    split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
  }
}
