/// What is kept about a secret besides its value.
package struct SecretDefinition: Equatable, Sendable {
  package var uuid: StorageUUID
  /// Whether it is gone after the next boot: nothing of it is written to a disk.
  package var isEphemeral = false
  /// libvirt's word for a value that nobody may read back; no value is ever printed here.
  package var isPrivate = false
  package var description: String?
  /// nil where the secret is named by its UUID only.
  package var usage: SecretUsage?

  package init(uuid: StorageUUID) { self.uuid = uuid }
}

/// What a secret is for; at most one secret exists for one use.
package struct SecretUsage: Equatable, Sendable {
  /// The kinds of libvirt 9.0, and `cifs`; the raw value is the word in XML.
  package enum Kind: String, CaseIterable, Sendable { case volume, ceph, iscsi, tls, vtpm, cifs }

  package var kind: Kind
  /// The path of a volume, the name of a key, a target: free text, not empty.
  package var name: String

  package init(kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }
}
