import Operations
import StorageBackend
import StorageModel
import StorageOS
import StorageXML

extension Command {
  static let volStart = Command(
    "vol-start", "Start volumes and print the paths of their devices.", .changes,
    [
      .volume(.stopped).repeated, .volumePool,
      Parameter(
        name: "print-disk", kind: .optionalValue("TARGET"),
        help: "Print libvirt's <disk> element instead of the path.",
        accepts: isDiskTarget),
      .flag("if-stopped", "Succeed if it is already started."), .progress, .reserve.rare,
    ],
    example: "vol-start disk1 --pool vms"
  ) { tool throws(StorageError) in
    if let target = tool.arguments.value("print-disk"), !isDiskTarget(target) {
      throw StorageError(
        .usage, "--print-disk", "'\(target)' is not a disk's name such as vda, sdb or xvdi")
    }
    let (names, poolText) = tool.namedVolumes()
    guard names.count == 1 || tool.arguments.value("print-disk") == nil else {
      throw StorageError(
        .usage, "--print-disk", "a target can be given for one volume only, not for \(names.count)")
    }
    let (change, pool, started) = try tool.storage.startVolumes(
      names, in: poolText, ifStopped: tool.arguments.has("if-stopped"))
    if tool.isDryRun || tool.wantsJSON {
      return try tool.report(
        change, in: pool.name,
        started.map { volume, device in
          let wasStarted = volume.state == .running
          return .init(
            volume.name, wasStarted ? .none : change,
            "Vol \(volume.name) \(wasStarted ? "is already started" : "started")",
            ("device", .string(device.text)))
        })
    }
    for (volume, _) in started {
      let isChanged = volume.state != .running
      tool.leaveWord(
        of: isChanged ? change : .none, pool: pool.name, volume: volume.name,
        "Vol \(volume.name) \(isChanged ? "started" : "is already started")")
    }
    let isXen = pool.definition.lifecycle.driver.isQubes
    for (volume, device) in started {
      let printed =
        !tool.arguments.has("print-disk")
        ? "\(device.text.escaped)\n"
        : DiskXML.write(
          device: device,
          style: isXen ? .xen : volume.diskStyle,
          isReadOnly: !volume.properties.isWritable, target: tool.arguments.value("print-disk"))
      try tool.write(printed)
    }
  }
}

/// Whether a word is the name of a disk in a guest.
@Sendable private func isDiskTarget(_ word: String) -> Bool {
  ["xvd", "vd", "sd", "hd"].contains { prefix in
    guard let letters = word.without(prefix: prefix), !letters.isEmpty else { return false }
    return letters.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }
}

extension Volume {
  /// How QEMU is told of it: of a device that it is the disk itself, whatever its partition's type.
  fileprivate var diskStyle: DiskXML.Style {
    let isDevice = definition.kind == .block
    return .qemu(
      isDevice: isDevice, isDevice ? .raw : definition.target.format ?? .raw,
      definition.target.encryption)
  }
}
