import StorageModel
import StorageOS

/// Sectors that content is made for, and sectors that devices have.
package enum SectorSize {
  /// What is made for no known size is made for this one, as nearly every image is.
  package static let usual: ByteCount = 512

  /// What content that comes from here is made for: a device's own sectors, else the usual ones.
  package static func ofContent(_ source: Descriptor) throws(StorageError) -> ByteCount {
    guard try source.status().kind == .blockDevice else { return usual }
    return try source.geometry().logicalSector
  }

  /// A size of sectors that users said.
  /// - Throws: `usage` for what no device has.
  package static func checked(_ size: ByteCount) throws(StorageError) -> ByteCount {
    guard [512, 1024, 2048, 4096].contains(size) else {
      throw StorageError(
        .usage, "", "sectors have 512, 1024, 2048 or 4096 bytes, not \(size.bytes)")
    }
    return size
  }

  /// Refuses content made for sectors of one size where there are sectors of another: partition tables and file
  /// systems count in sectors, and would be looked for in the wrong places.
  /// - Parameters:
  ///   - content: what the content is made for; nil where nothing says it.
  ///   - device: what the volume has.
  package static func check(_ content: ByteCount?, fits device: ByteCount, _ subject: String)
    throws(StorageError)
  {
    let content = content ?? usual
    guard content != device else { return }
    throw StorageError(
      .badInput, subject,
      "has sectors of \(device.bytes) bytes, but the content is made for \(content.bytes)",
      hint: "If it is not, say so with --sector-size \(device.bytes).")
  }
}
