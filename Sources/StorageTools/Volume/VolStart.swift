import StorageCore
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
      .progress, .reserve.rare,
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
    let (change, pool, started) = try tool.storage.startVolumes(names, in: poolText)
    if tool.isDryRun || tool.wantsJSON {
      return try tool.report(
        change, in: pool.name,
        started.map { volume, device in
          .init(volume.name, change, "Vol \(volume.name) started", ("device", .string(device.text)))
        })
    }
    change.warnings.forEach(tool.warn)
    let isXen = pool.definition.lifecycle.driver.isQubes
    for (volume, device) in started {
      let printed =
        !tool.arguments.has("print-disk")
        ? "\(device.text.escaped)\n"
        : DiskXML.write(
          device: device,
          style: isXen ? .xen : .file(volume.definition.target.format ?? .raw),
          isReadOnly: !volume.properties.isWritable, target: tool.arguments.value("print-disk"))
      try tool.write(printed)
    }
  }
}

/// Whether a word is the name of a disk in a guest.
@Sendable private func isDiskTarget(_ word: String) -> Bool {
  ["xvd", "vd", "sd", "hd"].contains { prefix in
    word.hasPrefix(prefix) && word.count > prefix.count
      && word.dropFirst(prefix.count).allSatisfy { $0.isASCII && $0.isLowercase }
  }
}
