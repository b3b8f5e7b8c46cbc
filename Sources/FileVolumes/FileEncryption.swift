import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// A passphrase, for one or more runs of a program that reads it from a file.
struct ImagePassphrase {
  /// What qemu-img calls it; libvirt's word for that of a volume.
  let identifier: String
  /// A file in memory.
  let file: Descriptor

  /// What stands for the file in a dry run.
  static let told = "PASSPHRASE"

  func key(in file: String) -> QemuImage.Key {
    QemuImage.Key(identifier: identifier, file: file)
  }
}

/// How an empty image is made by another program.
struct ImageRecipe {
  let program: Program
  let passphrase: ImagePassphrase?
  /// The size that the file has before, where the program does not give it one.
  var size: ByteCount?
  /// The arguments, for the path of the image and that of the passphrase.
  let arguments: (_ path: String, _ passphrase: String) -> [String]

  /// The command line as users see it.
  func told(_ path: Path) -> String {
    program.commandLine(arguments(path.text, ImagePassphrase.told))
  }

  /// Makes the image in `file`, which lies in `home` under a temporary name.
  /// - Parameter name: what users call the image.
  func make(in file: Descriptor, of home: Folder, _ subject: String, for name: Path)
    throws(StorageError)
  {
    if let size { try file.setSize(size) }
    let words = arguments(
      home.reachable(file.path.lastComponent), passphrase?.file.pathForChild ?? "")
    let kept = [home.descriptor] + (passphrase.map { [$0.file] } ?? [])
    for attempt in 1... {
      do throws(StorageError) {
        return try program.runOnImage(
          words, subject, keeping: kept, temporary: file.path, for: name)
      } catch {
        guard attempt < Self.attempts, lackedProcessorTime(error) else { throw error }
      }
    }
  }

  /// Whether qemu-img could not measure how fast a key is derived.
  ///
  /// The clock of its processor time, which a busy machine advances in steps, stood still meanwhile. Asked anew
  /// it goes well.
  private func lackedProcessorTime(_ error: StorageError) -> Bool {
    error.reason?.hasSuffix("Unable to get accurate CPU usage") == true
  }

  private static let attempts = 5
}

/// Encrypted volumes.
extension FileBackend {
  /// Where the data of a new LUKS 2 volume begins: cryptsetup's own choice for devices that are large enough.
  static var luks2DataOffset: ByteCount { ByteCount(16 << 20) }

  /// The passphrase of an encrypted image that qemu-img is to open or make; nil where it is not encrypted.
  ///
  /// It is that of the secret on record, else of the secret whose use is the volume's path.
  /// - Throws: in libvirt's words where there is no such secret; `unsupported` for encryption that qemu-img has no
  ///   means for.
  func passphrase(of volume: VolumeDefinition) throws(StorageError) -> ImagePassphrase? {
    guard var encryption = volume.target.encryption else { return nil }
    guard encryption.format == .luks || encryption.format == .luks2 else {
      throw StorageError(
        .unsupported, subject(volume),
        "unsupported volume encryption format \(encryption.format.rawValue)")
    }
    if encryption.secrets.isEmpty, let path = volume.target.path {
      encryption.secrets = [.usage(path.text)]
    }
    do throws(StorageError) {
      let file = try SecretStore(host: host).passphrase(of: encryption).file()
      return ImagePassphrase(identifier: "\(identifier(of: volume.name))_encrypt0", file: file)
    } catch {
      var error = error
      if error.subject.isEmpty { error.subject = subject(volume) }
      throw error
    }
  }

  /// The volume's name where QEMU takes it for an identifier, which begins with a letter and goes on with
  /// letters, digits, `-`, `.` and `_` (QEMU, util/id.c).
  private func identifier(of name: VolumeName) -> String {
    let isFit =
      name.text.utf8.first.map { isLetter($0) } == true
      && name.text.utf8.allSatisfy {
        isLetter($0) || (48...57).contains($0) || "-._".utf8.contains($0)
      }
    return isFit ? name.text : "volume"
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte)
  }

  /// How the empty image of a volume is made that is not plainly raw.
  func recipe(_ volume: VolumeDefinition, _ options: CreationOptions) throws(StorageError)
    -> ImageRecipe
  {
    let passphrase = try passphrase(of: volume)
    if let encryption = volume.target.encryption, encryption.format == .luks2 {
      return ImageRecipe(
        program: .cryptsetup, passphrase: passphrase,
        size: (volume.capacity ?? 0).roundedUp(to: 512).adding(Self.luks2DataOffset) ?? .maximum
      ) { path, passphrase in luks2Words(encryption, path, passphrase) }
    }
    let image = image(volume, options)
    return ImageRecipe(program: .qemuImg, passphrase: passphrase) { path, file in
      var image = image
      image.key = passphrase?.key(in: file)
      return image.creation(at: path)
    }
  }

  /// The words that format a file, with sectors of 512 bytes so that the volume can get any size later.
  private func luks2Words(_ encryption: Encryption, _ path: String, _ passphrase: String)
    -> [String]
  {
    var words = ["luksFormat", "--batch-mode", "--type", "luks2", "--key-file", passphrase]
    words += ["--sector-size", "512", "--offset", "\(Self.luks2DataOffset.bytes / 512)"]
    if let cipher = encryption.cipher {
      let mode = cipher.mode ?? "xts"
      let generator = encryption.ivGenerator
      let vector = [generator?.name ?? "plain64", generator?.hash].compactMap { $0 }
      words += ["--cipher", "\(cipher.name)-\(mode)-\(vector.joined(separator: ":"))"]
      // XTS takes two keys of the cipher's size.
      words += ["--key-size", "\(cipher.size * (mode == "xts" ? 2 : 1))"]
      if let hash = cipher.hash { words += ["--hash", hash] }
    }
    return words + [path]
  }

  /// Refuses to convert from or to what only cryptsetup can read.
  func checkConvertible(_ volumes: [VolumeDefinition], _ subject: String) throws(StorageError) {
    guard volumes.contains(where: { $0.target.encryption?.format == .luks2 }) else { return }
    throw StorageError(
      .unsupported, subject,
      "LUKS 2 volumes can only be copied as they are, with the same secret: qemu-img cannot read"
        + " them")
  }
}
