import StorageModel

/// What partitions say they hold: libvirt's words, and the codes of the two labels.
///
/// Codes of dos labels are those of fdisk(8); the GUIDs are those of the UEFI specification and of the Discoverable
/// Partitions Specification.
enum PartitionTypes {
  private static let codes: [(format: VolumeFormat, dos: String, gpt: String)] = [
    (.linux, "83", "0fc63daf-8483-4772-8e79-3d69d8477de4"),
    (.linuxSwap, "82", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"),
    (.linuxLVM, "8e", "e6d6d379-f507-44c2-a23c-238f2a3df928"),
    (.linuxRAID, "fd", "a19d880f-05fc-4d3b-a006-743f0f84911e"),
    (.fat16, "6", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"),
    (.fat32, "c", "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"),
    (.extended, "5", ""),
  ]

  /// The code of a new partition; `none` and `raw` say nothing, which is said by the type of plain Linux data.
  static func code(of format: VolumeFormat, on label: DiskLabel) -> String {
    let entry = codes.first { $0.format == format } ?? codes[0]
    return label == .gpt ? entry.gpt : entry.dos
  }

  /// The word for a code; `none` for what libvirt has no word for.
  static func format(of partition: Partition, on label: DiskLabel) -> VolumeFormat {
    if partition.isContainer { return .extended }
    let others: [ByteString: String] = ["e": "6", "4": "6", "b": "c"]
    let other = others[partition.type] ?? partition.type
    return codes.first { (label == .gpt ? $0.gpt : $0.dos) == other }?.format ?? .none
  }
}
