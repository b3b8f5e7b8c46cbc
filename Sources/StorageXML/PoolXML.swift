import StorageModel

/// Pool documents as libvirt 11.3 reads and prints them.
package enum PoolXML {
  /// A document that was read, with what the definition itself does not keep.
  package struct Document: Equatable, Sendable {
    package var pool: PoolDefinition
    /// False where the document had no `<uuid>` and the definition's is a fresh random one.
    package var uuidWasGiven: Bool
  }

  /// Reads a pool document.
  /// - Parameters:
  ///   - file: the name used in problems.
  ///   - validate: also refuse elements, attributes and values that libvirt's schema does not allow.
  package static func read(
    _ bytes: [UInt8], file: String, validate: Bool
  ) throws(XMLProblem) -> PoolDefinition {
    try document(bytes, file: file, validate: validate).pool
  }

  /// Reads a pool document, and tells whether it named a UUID.
  package static func document(
    _ bytes: [UInt8], file: String, validate: Bool
  ) throws(XMLProblem) -> Document {
    do throws(XMLFault) {
      let root = try XMLDocument.parse(bytes)
      let reader = try PoolReader(root)
      if validate { try PoolSchema.check(root, type: reader.type) }
      return try reader.document()
    } catch {
      throw error.problem(in: file)
    }
  }

  /// The document of a pool, ending in one line feed.
  /// - Parameter sizes: zeros for a pool that is not active.
  package static func write(_ pool: PoolDefinition, sizes: PoolSizes = PoolSizes()) -> String {
    var writer = XMLWriter()
    PoolPrinter(pool: pool, sizes: sizes).print(to: &writer)
    return writer.text
  }
}
