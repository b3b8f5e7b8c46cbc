import StorageModel

/// Prints a volume in libvirt's order.
struct VolumePrinter {
  let volume: VolumeDefinition
  let formats: VolumeFormatSet
  /// See `VolumeXML.write`.
  let isFound: Bool

  func print(to writer: inout XMLWriter) {
    let namespace = volume.lifecycle.isEmpty ? nil : XMLNamespace.cistern
    let root: XMLWriter.Attributes = [
      ("type", volume.kind.rawValue), (LifecycleXML.prefix, namespace),
    ]
    writer.element("volume", root) { writer in
      writer.leaf("name", volume.name.text)
      writer.leaf("key", volume.key)
      printExtents(to: &writer)
      let capacity = volume.capacity ?? (isFound ? nil : .zero)
      let allocation = volume.allocation ?? (isFound ? nil : capacity)
      let bytes: XMLWriter.Attributes = [("unit", "bytes")]
      writer.leaf("capacity", capacity.map { String($0.bytes) }, bytes)
      writer.leaf("allocation", allocation.map { String($0.bytes) }, bytes)
      if let physical = volume.physical, physical > .zero {
        writer.leaf("physical", String(physical.bytes), bytes)
      }
      writer.element("target") { printTarget(to: &$0) }
      if let store = volume.backingStore {
        writer.element("backingStore") { writer in
          writer.leaf("path", store.path)
          printFormat(store.format, to: &writer)
          PermissionsXML.write(store.permissions, to: &writer)
          store.timestamps?.print(to: &writer)
        }
      }
      volume.lifecycle.print(to: &writer)
    }
  }

  /// One `<device>` for each run of extents on the same device.
  private func printExtents(to writer: inout XMLWriter) {
    guard !volume.extents.isEmpty else { return }
    var rest = volume.extents[...]
    writer.element("source") { writer in
      while let device = rest.first?.device {
        let run = rest.prefix { $0.device == device }
        writer.element("device", [("path", device.text)]) { writer in
          for extent in run {
            let start = String(extent.start.bytes)
            writer.empty("extent", [("start", start), ("end", String(extent.end.bytes))])
          }
        }
        rest = rest.dropFirst(run.count)
      }
    }
  }

  private func printTarget(to writer: inout XMLWriter) {
    let target = volume.target
    writer.leaf("path", target.path?.text)
    if target.format != nil || !isFound || formats != .images {
      printFormat(target.format, to: &writer)
    }
    PermissionsXML.write(target.permissions, to: &writer)
    target.timestamps?.print(to: &writer)
    if let encryption = target.encryption { EncryptionXML.write(encryption, to: &writer) }
    writer.leaf("compat", target.compat)
    writer.leaf("clusterSize", target.clusterSize.map { String($0.bytes) }, [("unit", "B")])
    guard let features = target.features else { return }
    if features.isEmpty {
      writer.empty("features")
    } else {
      writer.element("features") { writer in
        for feature in ImageFeature.allCases where features.contains(feature) {
          writer.empty(feature.rawValue)
        }
      }
    }
  }

  private func printFormat(_ format: VolumeFormat?, to writer: inout XMLWriter) {
    let word: String
    switch formats {
    case .images: word = (format ?? .raw).rawValue
    case .partitions: word = (format ?? .none).rawValue
    case .none: return
    }
    writer.empty("format", [("type", word)])
  }
}

extension Timestamps {
  func print(to writer: inout XMLWriter) {
    writer.element("timestamps") { writer in
      writer.leaf("atime", access.text)
      writer.leaf("mtime", modification.text)
      writer.leaf("ctime", change.text)
      writer.leaf("btime", birth?.text ?? "0")
    }
  }
}

extension Timestamp {
  /// Seconds, with nine decimals unless they are all zero.
  fileprivate var text: String {
    guard nanoseconds != 0 else { return String(seconds) }
    let decimals = String(nanoseconds)
    return "\(seconds)." + String(repeating: "0", count: max(0, 9 - decimals.utf8.count)) + decimals
  }
}

extension LifecycleSettings {
  /// Prints the own element with the attributes that are set; nothing where none is.
  func print(to writer: inout XMLWriter) {
    guard !isEmpty else { return }
    writer.empty(
      LifecycleXML.element,
      [
        ("rw", LifecycleXML.word(isWritable)), ("snap_on_start", LifecycleXML.word(snapOnStart)),
        ("save_on_stop", LifecycleXML.word(saveOnStop)),
        ("revisions_to_keep", revisionsToKeep.map { String($0.number) }), ("source", source?.text),
        ("ephemeral", LifecycleXML.word(ephemeral)),
      ])
  }
}
