import StorageHost
import StorageModel
import StorageOS

/// A passphrase, for one or more runs of a program that reads it from a file.
package struct ImagePassphrase: Sendable {
  /// What qemu-img calls it; libvirt's word for that of a volume.
  package let identifier: String
  /// A file in memory.
  package let file: Descriptor

  /// What stands for the file in a dry run.
  package static let told = "PASSPHRASE"

  package func key(in file: String) -> QemuImage.Key {
    QemuImage.Key(identifier: identifier, file: file)
  }

  /// The key as the program opens it.
  package var key: QemuImage.Key { key(in: file.pathForChild) }
  /// The key as users are told of it.
  package var toldKey: QemuImage.Key { key(in: ImagePassphrase.told) }
}

extension SecretSource {
  /// The passphrase of an encrypted volume; nil where it is not encrypted.
  ///
  /// It is that of the secret on record, else of the secret whose use is the volume's path.
  /// - Throws: in libvirt's words where there is no such secret; `unsupported` for encryption that no program here has
  ///   means for.
  package func passphrase(of volume: VolumeDefinition) throws(StorageError) -> ImagePassphrase? {
    guard var encryption = volume.target.encryption else { return nil }
    let subject = "volume '\(volume.name)'"
    guard encryption.format == .luks || encryption.format == .luks2 else {
      throw StorageError(
        .unsupported, subject,
        "unsupported volume encryption format \(encryption.format.rawValue)")
    }
    if encryption.secrets.isEmpty, let path = volume.target.path {
      encryption.secrets = [.usage(path.text)]
    }
    do throws(StorageError) {
      let file = try passphrase(of: encryption).file()
      return ImagePassphrase(
        identifier: "\(Self.identifier(of: volume.name))_encrypt0", file: file)
    } catch {
      var error = error
      if error.subject.isEmpty { error.subject = subject }
      throw error
    }
  }

  /// The volume's name where QEMU takes it for an identifier, which begins with a letter and goes on with
  /// letters, digits, `-`, `.` and `_` (QEMU, util/id.c).
  private static func identifier(of name: VolumeName) -> String {
    func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
    let isFit =
      name.text.utf8.first.map(isLetter) == true
      && name.text.utf8.allSatisfy {
        isLetter($0) || (48...57).contains($0) || "-._".utf8.contains($0)
      }
    return isFit ? name.text : "volume"
  }
}
