import StorageBackend
import StorageHost
import StorageModel
import StorageOS

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

  /// Makes the image in an open file.
  /// - Parameter name: what users call the image.
  func make(in file: Descriptor, _ subject: String, for name: Path) throws(StorageError) {
    if let size { try file.setSize(size) }
    let words = arguments(file.pathForChild, passphrase?.file.pathForChild ?? "")
    for attempt in 1... {
      do throws(StorageError) {
        return try program.runOnImages(
          words, subject, [(file, name)], memory: passphrase.map { [$0.file] } ?? [])
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

  private static let attempts = 20
}

/// Encrypted volumes.
extension FileBackend {
  /// Where the data of a new LUKS 2 volume begins: cryptsetup's own choice for devices that are large enough.
  static var luks2DataOffset: ByteCount { ByteCount(16 << 20) }

  /// The words that format a file, with sectors of 512 bytes so that the volume can get any size later.
  func luks2Words(_ encryption: Encryption, _ path: String, _ passphrase: String)
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
}
