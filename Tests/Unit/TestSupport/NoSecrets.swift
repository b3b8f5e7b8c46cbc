import StorageBackend
import StorageModel
import StorageOS

/// For backends that need no secret: there is none.
package struct NoSecrets: SecretSource {
  package init() {}

  package func value(of reference: SecretReference, for kind: SecretUsage.Kind)
    throws(StorageError) -> SecretBytes
  {
    throw StorageError(.notFound, "", "Secret not found: there are none")
  }
}
