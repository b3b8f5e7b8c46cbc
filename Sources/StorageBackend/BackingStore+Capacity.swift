import StorageModel
import StorageOS

extension BackingStore {
  /// The size of the disk in the image, which is open.
  /// - Throws: `badInput` where it is none of the format that it is said to have.
  package func capacity(of image: Descriptor, _ subject: String) throws(StorageError) -> ByteCount {
    func refused(_ problem: String) -> StorageError {
      StorageError(.badInput, subject, "its backing store '\(image.path)' \(problem)")
    }
    guard let size = try image.contentSize() else {
      throw refused("is neither a file nor a block device")
    }
    guard let format, !format.isRaw else { return size }
    let facts = try ImageProbe.probe(image, size: size, as: format)
    guard facts.format == format else { throw refused("is not of format \(format.rawValue)") }
    if let problem = facts.problem { throw refused("cannot be used: \(problem)") }
    return facts.capacity ?? size
  }
}
