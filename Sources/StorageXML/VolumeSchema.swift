import StorageModel

/// Which elements a volume document may have.
///
/// libvirt has one schema for the volumes of all pools.
enum VolumeSchema {
  static func check(_ root: XMLElement, nestedNames: Bool) throws(XMLFault) {
    try volume(nestedNames: nestedNames).check(root, in: "a volume")
  }

  static func volume(nestedNames: Bool) -> SchemaElement {
    let name = SchemaValue.volumeName(nested: nestedNames)
    return SchemaElement(
      "volume", .once,
      optional: [("type", .words(["file", "block", "dir", "network", "netdir", "ploop"]))],
      [
        SchemaElement("name", .once, text: name),
        SchemaElement("key", text: .anything),
        source,
        CommonSchema.size("capacity"), CommonSchema.size("allocation"),
        CommonSchema.size("physical"),
        target, backingStore,
        SchemaElement(
          "lifecycle", namespace: XMLNamespace.cistern,
          optional: [
            ("rw", .yesNo), ("snap_on_start", .yesNo), ("save_on_stop", .yesNo),
            ("revisions_to_keep", .revisions), ("source", name), ("ephemeral", .yesNo),
          ]),
      ])
  }

  private static let source = SchemaElement(
    "source",
    [
      SchemaElement(
        "device", .any, required: [("path", .absolutePath)],
        [
          SchemaElement(
            "extent", .any, required: [("start", .number(.max)), ("end", .number(.max))])
        ])
    ])

  /// Image formats, partition types, and the words of file systems that the schema kept from old times.
  private static let format = SchemaElement(
    "format",
    required: [
      (
        "type",
        .words(
          (VolumeFormat.images + VolumeFormat.partitions).map(\.rawValue)
            + [VolumeFormat.vhdx.rawValue, "luks", "unknown"]
            + (PoolType.fs.sourceFormats?.words ?? []))
      )
    ])

  private static let timestamps = SchemaElement(
    "timestamps", ["atime", "btime", "ctime", "mtime"].map { SchemaElement($0, text: .timestamp) })

  private static let target = SchemaElement(
    "target", .once,
    [
      SchemaElement("path", text: .pathOrAddress),
      format, CommonSchema.permissions, timestamps, encryption,
      SchemaElement("compat", text: .compat),
      SchemaElement("nocow"),
      CommonSchema.size("clusterSize"),
      SchemaElement("features", ImageFeature.allCases.map { SchemaElement($0.rawValue) }),
    ])

  private static let backingStore = SchemaElement(
    "backingStore",
    [
      SchemaElement("path", .once, text: .absolutePath), format, CommonSchema.permissions,
      timestamps,
    ])

  private static let encryption = SchemaElement(
    "encryption",
    required: [("format", .words(Encryption.Format.allCases.map(\.rawValue)))],
    optional: [("engine", .words(["qemu", "librbd"]))],
    [
      CommonSchema.secret(type: "passphrase"),
      SchemaElement(
        "cipher", required: [("name", .anything), ("size", .unsignedInt)],
        optional: [("mode", .anything), ("hash", .anything)]),
      SchemaElement("ivgen", required: [("name", .anything)], optional: [("hash", .anything)]),
    ])
}
