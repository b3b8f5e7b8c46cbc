import StorageHost
import StorageModel
import StorageOS

/// The content of a volume, open for reading.
package struct VolumeContent: Sendable {
  /// The volume as the content is: where a session is open, that of the state committed before.
  package let volume: Volume
  package let descriptor: Descriptor
  /// The images below an overlay, the nearest first, with what they are recorded as.
  package let below: [(file: Descriptor, format: VolumeFormat)]

  package init(
    _ volume: Volume, _ descriptor: Descriptor,
    below: [(file: Descriptor, format: VolumeFormat)] = []
  ) {
    self.volume = volume
    self.descriptor = descriptor
    self.below = below
  }

  /// The content as users see it.
  package func told(key: QemuImage.Key? = nil) -> ImageReference {
    .told(descriptor.path, format, key: key)
  }

  /// The content for a program that inherits `files`.
  package func opened(key: QemuImage.Key? = nil) throws(StorageError) -> ImageReference {
    var layers = [try ImageLayer(descriptor, format, key: key)]
    for image in below { layers.append(try ImageLayer(image.file, image.format)) }
    return .opened(layers)
  }

  /// What the content lies in, with the names that users know.
  package var files: [(file: Descriptor, name: Path)] {
    ([descriptor] + below.map(\.file)).map { ($0, $0.path) }
  }

  /// The format of what is read; partitions and logical volumes are raw.
  package var format: VolumeFormat {
    volume.definition.kind == .block ? .raw : volume.definition.target.format ?? .raw
  }
}
