import StorageModel

/// Which elements a pool document may have, by type.
///
/// The facts are those of libvirt 11.3's schema, plus what libvirt prints itself though its schema forgets it
/// (several devices of a zfs pool), plus the own life-cycle element.
enum PoolSchema {
  static func check(_ root: XMLElement, type: PoolType) throws(XMLFault) {
    let format = root.value("source", "format", attribute: "type")
    let isFibreChannel = root.value("source", "adapter", attribute: "type") == "fc_host"
    try pool(type, format: format, isFibreChannel: isFibreChannel)
      .check(root, in: "a pool of type '\(type.rawValue)'")
  }

  /// What a document may have.
  /// - Parameters:
  ///   - format: the word of the source's format, where there is one.
  ///   - isFibreChannel: whether the source is an adapter of that kind.
  static func pool(
    _ type: PoolType, format: String?, isFibreChannel: Bool
  ) -> SchemaElement {
    var children = [
      SchemaElement("name", type.sourceNameNamesPool ? .optional : .once, text: .poolName),
      SchemaElement("uuid", text: .uuid),
      CommonSchema.size("capacity"), CommonSchema.size("allocation"),
      CommonSchema.size("available"),
      SchemaElement("features", [SchemaElement("cow", required: [("state", .yesNo)])]),
      SchemaElement(
        "source", [.dir, .mpath].contains(type) ? .optional : .once,
        source(type, format: format, isFibreChannel: isFibreChannel)),
      lifecycle,
    ]
    if let target = target(type) { children.append(target) }
    switch type {
    case .fs, .netfs: children.append(mountOptions)
    case .rbd: children += [refresh, rbdOptions]
    default: break
    }
    return SchemaElement(
      "pool", .once, required: [("type", .words(PoolType.allCases.map(\.rawValue)))], children)
  }

  private static func target(_ type: PoolType) -> SchemaElement? {
    guard type.hasTarget else { return nil }
    let path = SchemaElement("path", type == .logical ? .optional : .once, text: .absolutePath)
    return SchemaElement(
      "target", type == .zfs ? .optional : .once, [path, CommonSchema.permissions])
  }

  private static func source(
    _ type: PoolType, format: String?, isFibreChannel: Bool
  ) -> [SchemaElement] {
    switch type {
    case .dir: return makers
    case .fs: return [device(.once), formats(type)] + makers
    case .netfs:
      let isNFS = format == nil || format == "auto" || format == "nfs"
      let version = SchemaElement("protocol", required: [("ver", .anything)])
      return [host, dir(.once, isNFS ? .absoluteFolder : .nonEmpty), formats(type)] + makers
        + (isNFS ? [version] : []) + (format == "cifs" ? [authentication] : [])
    case .logical: return [name(.optional), device(.any), formats(type)] + makers
    case .disk: return [device(.once), formats(type)] + makers
    case .iscsi: return [host, device(.once), initiator(.optional), authentication] + makers
    case .iscsiDirect:
      let device = SchemaElement("device", .once, required: [("path", .qualifiedName)])
      return [host, device, initiator(.once), authentication]
    case .scsi: return [isFibreChannel ? fibreChannelAdapter : hostAdapter] + makers
    case .mpath: return []
    case .rbd: return [name(.once), host, authentication]
    case .sheepdog: return [host, name(.once)]
    case .gluster: return [host, name(.once), dir(.optional, .absoluteFolder)]
    case .zfs: return [name(.once), device(.any)]
    case .vstorage: return [name(.once)]
    }
  }

  // MARK: parts of <source>

  private static let host = SchemaElement(
    "host", .some, required: [("name", .hostName)], optional: [("port", .port)])

  private static func device(_ occurrence: SchemaElement.Occurrence) -> SchemaElement {
    SchemaElement(
      "device", occurrence, required: [("path", .devicePath)],
      optional: [("part_separator", .yesNo)],
      [
        SchemaElement(
          "freeExtent", .any, required: [("start", .number(.max)), ("end", .number(.max))])
      ])
  }

  private static func dir(
    _ occurrence: SchemaElement.Occurrence, _ path: SchemaValue
  ) -> SchemaElement {
    SchemaElement("dir", occurrence, required: [("path", path)])
  }

  private static func name(_ occurrence: SchemaElement.Occurrence) -> SchemaElement {
    SchemaElement("name", occurrence, text: .anything)
  }

  private static func formats(_ type: PoolType) -> SchemaElement {
    // The schema of disk and logical pools also takes vendor and product inside the format.
    SchemaElement(
      "format", required: [("type", .words(type.sourceFormats?.words ?? []))],
      [.disk, .logical].contains(type) ? makers : [])
  }

  private static let makers = [
    SchemaElement("vendor", required: [("name", .anything)]),
    SchemaElement("product", required: [("name", .anything)]),
  ]

  private static func initiator(_ occurrence: SchemaElement.Occurrence) -> SchemaElement {
    SchemaElement(
      "initiator", occurrence, [SchemaElement("iqn", .once, required: [("name", .anything)])])
  }

  private static let authentication = SchemaElement(
    "auth", required: [("type", .words(["chap", "ceph", "cifs"])), ("username", .anything)],
    [CommonSchema.secret(type: nil)])

  private static let hostAdapter = SchemaElement(
    "adapter", .once, optional: [("type", .words(["scsi_host", "fc_host"])), ("name", .anything)],
    [
      SchemaElement(
        "parentaddr", optional: [("unique_id", .unsignedInt)],
        [
          SchemaElement(
            "address", .once,
            optional: [
              ("domain", .address(0xffff_ffff)), ("bus", .address(0xff)), ("slot", .address(0x1f)),
              ("function", .address(7)),
            ])
        ])
    ])

  private static let fibreChannelAdapter = SchemaElement(
    "adapter", .once,
    required: [
      ("type", .words(["fc_host"])), ("wwnn", .worldWideName), ("wwpn", .worldWideName),
    ],
    optional: [
      ("parent", .anything), ("managed", .yesNo), ("parent_wwnn", .worldWideName),
      ("parent_wwpn", .worldWideName), ("parent_fabric_wwn", .worldWideName),
    ])

  // MARK: the rest

  private static let refresh = SchemaElement(
    "refresh",
    [SchemaElement("volume", optional: [("allocation", .words(["default", "capacity"]))])])

  private static let mountOptions = options(
    "mount_opts", XMLNamespace.mountOptions, [("name", .nonEmpty)])

  private static let rbdOptions = options(
    "config_opts", XMLNamespace.rbdOptions, [("name", .nonEmpty), ("value", .nonEmpty)])

  private static func options(
    _ name: String, _ namespace: String, _ attributes: [(String, SchemaValue)]
  ) -> SchemaElement {
    SchemaElement(
      name, namespace: namespace,
      [SchemaElement("option", .any, namespace: namespace, required: attributes)])
  }

  private static let lifecycle = SchemaElement(
    "lifecycle", namespace: XMLNamespace.cistern,
    optional: [
      ("driver", .nonEmpty), ("callback", .nonEmpty), ("thin_pool", .nonEmpty),
      ("revisions_to_keep", .revisions),
      ("ephemeral_volatile", .yesNo), ("setup_check", .yesNo),
    ],
    [
      SchemaElement(
        "option", .any, namespace: XMLNamespace.cistern,
        required: [("name", .nonEmpty), ("value", .anything)])
    ])
}
