import StorageHost
import StorageModel
import StorageOS

/// The content of a volume on its way into another format, through passphrases where either side is encrypted, by
/// qemu-img; for whatever pool the new volume is in.
package struct ImageConversion: Sendable {
  package let source: VolumeContent
  package let sourceKey: ImagePassphrase?
  /// What the new volume will be.
  package let target: VolumeDefinition
  package let targetKey: ImagePassphrase?

  package init(
    from source: VolumeContent, key sourceKey: ImagePassphrase?, to target: VolumeDefinition,
    key targetKey: ImagePassphrase?
  ) {
    self.source = source
    self.sourceKey = sourceKey
    self.target = target
    self.targetKey = targetKey
  }

  /// The command line as users see it; parameters as of `run`.
  package func commandLine(_ path: Path, isZero: Bool) -> String {
    let key = targetKey?.toldKey
    return Program.qemuImg.commandLine(
      words(
        .told(path, format, key: key), from: source.told(key: sourceKey?.toldKey), key,
        isZero: isZero))
  }

  /// Writes the content into the target: an image of the new volume's format that is there already, or a device.
  /// - Parameters:
  ///   - path: what users call the target.
  ///   - isZero: whether an image that is not encrypted is known to hold nothing, or a device to read as zeroes; then
  ///     zeroes are not written.
  package func run(
    into file: Descriptor, named path: Path, isZero: Bool, _ progress: Progress?
  ) throws(StorageError) {
    let key = targetKey?.key
    var arguments = words(
      .opened([try ImageLayer(file, format, key: key)]),
      from: try source.opened(key: sourceKey?.key), key, isZero: isZero)
    if progress != nil { arguments.insert("-p", at: 1) }
    let total = source.volume.capacity
    progress?.begin("convert", total: total)
    var told = QemuImageProgress()
    try Program.qemuImg.runOnImages(
      arguments, "volume '\(target.name)'", source.files + [(file, path)],
      memory: [sourceKey, targetKey].compactMap { $0?.file },
      onOutput: progress.map { progress in
        { piece in
          guard let percent = told.percent(after: piece) else { return }
          let position = Int64(Double(total.bytes) * percent / 100)
          progress.reached(position, moved: position)
        }
      })
    progress?.finish(total.bytes, moved: total.bytes)
  }

  private var format: VolumeFormat { target.target.imageFormat }

  private func words(
    _ output: ImageReference, from input: ImageReference, _ key: QemuImage.Key?, isZero: Bool
  ) -> [String] {
    var image = QemuImage(format: format, capacity: nil)
    image.key = key
    // Behind a passphrase zeroes are something else, unless the format tells which clusters are there.
    return image.filling(
      output, from: input, isZero: isZero && (key == nil || format == .qcow2))
  }
}

extension VolumeTarget {
  /// The compat of an image that was found: libvirt has no word for that of the first version of qcow2, so that a
  /// description without one means it.
  package var foundCompat: String? { compat ?? (format == .qcow2 ? "0.10" : nil) }

  /// The format of the file or device: what a partition is for says nothing about it.
  package var imageFormat: VolumeFormat { format?.isRaw == false ? format ?? .raw : .raw }
}
