import StorageModel

extension ImageProbe {
  /// Looks at the image in an open file or device.
  /// - Parameters:
  ///   - size: the file's size.
  ///   - declared: as of the other `probe`.
  ///   - beginning: what was read of the file's beginning already.
  package static func probe(
    _ file: Descriptor, size: ByteCount, as declared: VolumeFormat? = nil, beginning: [UInt8] = []
  ) throws(StorageError) -> ImageFacts {
    try probe(size: size, as: declared, beginning: beginning) {
      offset, count throws(StorageError) in
      try file.read(at: offset, count: count)
    }
  }
}
