/// The names that LVM accepts for volume groups and logical volumes (lvm(8), "VALID NAMES").
package enum LVMName {
  /// Whether a volume group or a logical volume may be called so: letters, digits and `+_.-`, at most 127 bytes, not
  /// starting with a dash, not `.` or `..`.
  package static func isLegal(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 127 && text != "." && text != ".." && !text.hasPrefix("-")
      && text.utf8.allSatisfy { byte in
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
          || "+_.-".utf8.contains(byte)
      }
  }

  /// Beginnings that LVM keeps for itself.
  private static let reservedPrefixes = ["snapshot", "pvmove"]
  /// Parts that only the names of LVM's internal volumes have.
  private static let reservedParts = [
    "_cdata", "_cmeta", "_corig", "_cvol", "_imeta", "_iorig", "_mimage", "_mlog", "_pmspare",
    "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig",
  ]

  /// A name inside one of device mapper's, where a single dash separates names.
  package static func doubled(_ name: String) -> String {
    name.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
  }

  /// Why a new logical volume cannot be called so in a group, in words; nil where it can.
  ///
  /// Device mapper has room for 127 bytes of group and volume with every dash doubled and one between them.
  /// - Parameter room: how many bytes to leave for endings.
  package static func refusal(ofVolume name: String, in group: String, room: Int = 0) -> String? {
    guard isLegal(name) else {
      return "name '\(name)' is not one of LVM's: expected letters, digits and '+_.-',"
        + " not starting with '-'"
    }
    if let part = reservedPrefixes.first(where: name.hasPrefix)
      ?? reservedParts.first(where: { name.contains($0) })
    {
      return "name '\(name)' is reserved: LVM keeps '\(part)' for itself"
    }
    let dashes = { (text: String) in text.utf8.count { $0 == UInt8(ascii: "-") } }
    let length = name.utf8.count + dashes(name) + group.utf8.count + dashes(group) + 1 + room
    return length > 127 ? "name '\(name)' is too long for a volume of group '\(group)'" : nil
  }
}
