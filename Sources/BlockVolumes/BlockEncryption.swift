import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// LUKS volumes on devices, which cryptsetup makes: the header is on the device, the content behind it.
extension BlockBackend {
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

  /// Refuses encryption that cannot be made, in libvirt's words.
  package func checkEncryption(of volume: VolumeDefinition) throws(StorageError) {
    guard let encryption = volume.target.encryption else { return }
    func refused(_ problem: String) -> StorageError {
      StorageError(.unsupported, "volume '\(volume.name)'", problem)
    }
    guard encryption.format == .luks || encryption.format == .luks2 else {
      throw refused("unsupported volume encryption format \(encryption.format.rawValue)")
    }
    guard encryption.secrets.count < 2 else {
      throw refused("too many secrets for luks encryption")
    }
    guard !encryption.secrets.isEmpty else {
      throw refused("no secret provided for luks encryption")
    }
    _ = try passphrase(of: encryption, volume.name)
  }

  /// Makes the header of an encrypted volume on its device, which is there, and then records that the volume is whole.
  /// - Parameter record: what is recorded of it, as unfinished.
  package func formatEncrypted(_ volume: VolumeDefinition, _ record: VolumeRecord, _ steps: Steps)
    throws(StorageError)
  {
    guard let encryption = volume.target.encryption else { return }
    let path = path(of: volume.name)
    let program = Program.cryptsetup
    try steps.run(
      "run \(program.commandLine(words(encryption, path, key: "PASSPHRASE")))"
    ) { () throws(StorageError) in
      // cryptsetup claims the device itself.
      let file = try passphrase(of: encryption, volume.name).file()
      try program.run(
        words(encryption, path, key: file.pathForChild), on: "volume '\(volume.name)'",
        keeping: [file])
      try Descriptor(readingDevice: path).sync()
    }
    try steps.run("record that volume '\(volume.name)' is whole") { () throws(StorageError) in
      var record = record
      record.unfinished = nil
      try setRecord(record, of: volume.name)
    }
  }

  /// Refuses a copy that would have to be encrypted or decrypted on the way.
  package func checkCopyable(_ source: VolumeContent, to volume: VolumeDefinition)
    throws(StorageError)
  {
    let from = source.volume.definition.target.encryption
    guard from?.format != volume.target.encryption?.format else { return }
    throw StorageError(
      .unsupported, "volume '\(volume.name)'",
      "an encrypted volume can only be copied as it is, to a device with the same encryption")
  }

  private func passphrase(of encryption: Encryption, _ name: VolumeName) throws(StorageError)
    -> SecretBytes
  {
    do throws(StorageError) {
      return try SecretStore(host: host).passphrase(of: encryption)
    } catch {
      var error = error
      if error.subject.isEmpty { error.subject = "volume '\(name)'" }
      throw error
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
