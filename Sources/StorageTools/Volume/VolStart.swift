import StorageCore
import StorageModel
import StorageOS
import StorageXML

extension Command {
  static let volStart = Command(
    "vol-start", "Start a volume and print the path of its device.", .changes,
    [
      .volume(.stopped), .volumePool,
      Parameter(
        name: "print-disk", kind: .optionalValue("TARGET"),
        help: "Print libvirt's <disk> element instead of the path.",
        accepts: isDiskTarget),
    ],
    example: "vol-start disk1 --pool vms"
  ) { tool throws(StorageError) in
    if let target = tool.arguments.value("print-disk"), !isDiskTarget(target) {
      throw StorageError(
        .usage, "--print-disk", "'\(target)' is not a disk's name such as vda, sdb or xvdi")
    }
    let (change, pool, volume, device) = try tool.storage.startVolume(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"))
    let isXen = pool.definition.lifecycle.driver.usesQubesLayout
    let printed =
      !tool.arguments.has("print-disk")
      ? "\(device.text.escaped)\n"
      : DiskXML.write(
        device: device,
        style: isXen ? .xen : .file(volume.definition.target.format ?? .raw),
        isReadOnly: !volume.properties.isWritable, target: tool.arguments.value("print-disk"))
    if tool.isDryRun || tool.wantsJSON {
      return try tool.report(
        change, pool: pool.name, volume: volume.name, "Vol \(volume.name) started",
        more: [("device", .string(device.text))])
    }
    change.warnings.forEach(tool.warn)
    try tool.write(printed)
  }
}

/// Whether a word is the name of a disk in a guest.
@Sendable private func isDiskTarget(_ word: String) -> Bool {
  ["xvd", "vd", "sd", "hd"].contains { prefix in
    word.hasPrefix(prefix) && word.count > prefix.count
      && word.dropFirst(prefix.count).allSatisfy { $0.isASCII && $0.isLowercase }
  }
}
