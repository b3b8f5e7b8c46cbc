import StorageModel
import StorageOS

/// Where backends get the values of secrets from.
package protocol SecretSource: Sendable {
  /// The value of a secret, which is for `kind` or for nothing in particular.
  /// - Throws: in libvirt's words: `notFound` where there is no such secret or it has no value, `badInput` where it is
  ///   for something else.
  func value(of reference: SecretReference, for kind: SecretUsage.Kind) throws(StorageError)
    -> SecretBytes
}

extension SecretSource {
  /// The passphrase that a volume's encryption refers to.
  /// - Throws: as `value`; `badInput` where the description names not exactly one secret.
  package func passphrase(of encryption: Encryption) throws(StorageError) -> SecretBytes {
    guard let secret = encryption.secrets.first, encryption.secrets.count == 1 else {
      throw StorageError(
        .badInput, "",
        "A single <secret type='passphrase'...> element is expected in encryption description")
    }
    return try value(of: secret, for: .volume)
  }
}
