import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// LUKS volumes on devices, which cryptsetup makes: the header is on the device, the content behind it.
extension BlockBackend {
  /// How volumes on devices can be encrypted.
  package var blockEncryptions: [VolumeFormat: [Encryption.Format]] { [.raw: [.luks, .luks2]] }

  /// How much of a device the header of an encrypted volume takes; zero without encryption.
  ///
  /// What cryptsetup itself reserves: 2 MiB for LUKS 1, 16 MiB for LUKS 2.
  package func headerSize(of encryption: Encryption?) -> ByteCount {
    switch encryption?.format {
    case nil: return 0
    case .luks2: return ByteCount(16 << 20)
    default: return ByteCount(2 << 20)
    }
  }

  /// How much of a volume's device is not its content: of one that is there what its header takes, else what it will
  /// take.
  package func room(beside volume: VolumeDefinition) -> ByteCount {
    guard let size = volume.physical, let capacity = volume.capacity else {
      return headerSize(of: volume.target.encryption)
    }
    return size - capacity
  }

  /// Makes the header of an encrypted volume on its device, which is there, and then records that the volume is whole.
  /// - Parameter record: what is recorded of it, as unfinished.
  package func formatEncrypted(_ plan: CreationPlan, _ record: VolumeRecord, _ steps: Steps)
    throws(StorageError)
  {
    let volume = plan.volume
    guard let encryption = volume.target.encryption, let passphrase = plan.passphrase else {
      return
    }
    let path = path(of: volume.name)
    let program = Program.cryptsetup
    try steps.run(
      "run \(program.commandLine(words(encryption, path, key: ImagePassphrase.told)))"
    ) { () throws(StorageError) in
      // cryptsetup claims the device itself.
      try program.run(
        words(encryption, path, key: passphrase.file.pathForChild), on: plan.subject,
        keeping: [passphrase.file])
      try Descriptor(readingDevice: path).sync()
    }
    try steps.run("record that volume '\(volume.name)' is whole") { () throws(StorageError) in
      var record = record
      record.unfinished = nil
      try setRecord(record, of: volume.name)
    }
  }

  private func words(_ encryption: Encryption, _ path: Path, key: String) -> [String] {
    let type = encryption.format == .luks2 ? "luks2" : "luks1"
    var words = ["luksFormat", "--batch-mode", "--type", type, "--key-file", key]
    words += ["--offset", "\(headerSize(of: encryption).bytes / 512)"]
    // The volume can get any size later.
    if encryption.format == .luks2 { words += ["--sector-size", "512"] }
    if let cipher = encryption.cipher {
      let mode = cipher.mode ?? "xts"
      let generator = encryption.ivGenerator
      let vector = [generator?.name ?? "plain64", generator?.hash].compactMap { $0 }
      words += ["--cipher", "\(cipher.name)-\(mode)-\(vector.joined(separator: ":"))"]
      // XTS takes two keys of the cipher's size.
      words += ["--key-size", "\(cipher.size * (mode == "xts" ? 2 : 1))"]
      if let hash = cipher.hash { words += ["--hash", hash] }
    }
    return words + [path.text]
  }
}
