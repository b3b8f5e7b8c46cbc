import StorageModel

/// Volume documents as libvirt 11.3 reads and prints them.
package enum VolumeXML {
  /// Reads a volume document.
  ///
  /// As with libvirt, physical size, timestamps and extents are results and not read. A missing capacity is
  /// refused unless there is a backing store or a life-cycle source to take it from.
  /// - Parameters:
  ///   - file: the name used in problems.
  ///   - poolType: decides which format words there are.
  ///   - nestedNames: whether the pool's layout allows `/` in names.
  ///   - validate: also refuse elements, attributes and values that libvirt's schema does not allow.
  package static func read(
    _ bytes: [UInt8], file: String, poolType: PoolType, nestedNames: Bool, validate: Bool,
    hasInput: Bool = false
  ) throws(XMLProblem) -> VolumeDefinition {
    do throws(XMLFault) {
      let root = try XMLDocument.parse(bytes)
      guard root.name == "volume" else {
        throw root.fault("expecting root element of 'volume', not '\(root.name)'")
      }
      if validate { try VolumeSchema.check(root, nestedNames: nestedNames) }
      let reader = VolumeReader(
        root: root, poolType: poolType, nestedNames: nestedNames, hasInput: hasInput)
      return try reader.volume()
    } catch {
      throw error.problem(in: file)
    }
  }

  /// The document of a volume, ending in one line feed.
  /// - Parameter isFound: whether it is one that is there, of which what the definition lacks is not known, and left out;
  ///   of one that is asked for it is what libvirt takes for it.
  package static func write(
    _ volume: VolumeDefinition, poolType: PoolType, isFound: Bool = false
  ) -> String {
    var writer = XMLWriter()
    VolumePrinter(volume: volume, formats: poolType.volumeFormats, isFound: isFound)
      .print(to: &writer)
    return writer.text
  }
}
