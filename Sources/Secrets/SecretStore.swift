import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import StorageXML

/// A secret that is defined.
package struct SecretRecord: Sendable {
  package let definition: SecretDefinition
  /// Whether there is a value, in the store or in systemd's credentials folder.
  package let hasValue: Bool
}

/// The secrets of whoever runs the process: `UUID.xml` and `UUID.value` in one of two folders that only the owner
/// may enter, for ephemeral secrets one that ends with the boot; and systemd's credentials folder.
///
/// Nothing is cached. A value is only ever handed out as `SecretBytes`.
package struct SecretStore: SecretSource {
  package let host: HostFolders

  package init(host: HostFolders) { self.host = host }

  /// The folder that a secret lies in.
  package func folder(ephemeral: Bool) throws(StorageError) -> Path {
    let base = ephemeral ? try host.currentBoot() : host.configuration
    return base.appending("secrets")
  }

  package static func document(_ uuid: StorageUUID) -> String { "\(uuid).xml" }
  package static func value(_ uuid: StorageUUID) -> String { "\(uuid).value" }

  /// Opens one of the folders; nil where nothing was ever put into it.
  package func open(ephemeral: Bool) throws(StorageError) -> Folder? {
    do throws(StorageError) {
      return try HostFolders.openPrivate(try folder(ephemeral: ephemeral))
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }

  // MARK: Definitions

  /// Every secret, sorted by UUID, and a line for each definition that cannot be read.
  package func all() throws(StorageError) -> (secrets: [SecretRecord], warnings: [String]) {
    var found: [ByteString: SecretRecord] = [:]
    var warnings: [String] = []
    for ephemeral in [true, false] {
      guard let folder = try open(ephemeral: ephemeral) else { continue }
      for entry in try folder.entries() {
        guard let uuid = entry.name.without(suffix: ".xml").flatMap({ StorageUUID(String($0)) }),
          entry.name == SecretStore.document(uuid), found[entry.name] == nil
        else { continue }
        do throws(StorageError) {
          found[entry.name] = try record(uuid, in: folder, ephemeral: ephemeral)
        } catch {
          warnings.append(error.text)
        }
      }
    }
    return (found.sorted { $0.key < $1.key }.map(\.value), warnings.sorted())
  }

  /// The secret that users mean by `text`, which is a UUID.
  /// - Throws: `notFound`, in libvirt's words.
  package func secret(matching text: String) throws(StorageError) -> SecretRecord {
    guard let uuid = StorageUUID(text) else {
      throw StorageError(.notFound, "failed to get secret '\(text)'", "must be a valid UUID")
    }
    if let found = try secret(uuid) { return found }
    var error = StorageError(
      .notFound, "failed to get secret '\(text)'",
      "Secret not found: no secret with matching uuid '\(uuid)'")
    error.missing = .secret
    throw error
  }

  /// The secret of a UUID; nil where there is none.
  package func secret(_ uuid: StorageUUID) throws(StorageError) -> SecretRecord? {
    for ephemeral in [true, false] {
      guard let folder = try open(ephemeral: ephemeral) else { continue }
      if let found = try record(uuid, in: folder, ephemeral: ephemeral) { return found }
    }
    return nil
  }

  private func record(_ uuid: StorageUUID, in folder: Folder, ephemeral: Bool)
    throws(StorageError) -> SecretRecord?
  {
    guard let file = try folder.openIfPresent(SecretStore.document(uuid)) else { return nil }
    guard try file.status().kind == .regular else {
      throw StorageError(.badInput, file.path.text, "is not a regular file")
    }
    let bytes = try file.readAll(limit: 1 << 20)
    let definition: SecretDefinition
    do throws(XMLProblem) {
      definition = try SecretXML.read(bytes, file: file.path.text, validate: false).secret
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
    guard definition.uuid == uuid, definition.isEphemeral == ephemeral else {
      throw StorageError(
        .badInput, file.path.text, "does not describe the secret it is named after")
    }
    let hasOwn = try folder.status(SecretStore.value(uuid)) != nil
    let isPassed = try credential(uuid, definition.usage) != nil
    return SecretRecord(definition: definition, hasValue: hasOwn || isPassed)
  }

  // MARK: Values

  /// As of `SecretSource`; one of systemd's credentials wins over the store, and needs no definition.
  package func value(of reference: SecretReference, for kind: SecretUsage.Kind)
    throws(StorageError) -> SecretBytes
  {
    let (uuid, usage, missing): (StorageUUID?, SecretUsage?, String)
    switch reference {
    case .uuid(let given):
      uuid = given
      usage = try secret(given)?.definition.usage
      missing = "no secret with matching uuid '\(given)'"
      if let usage, usage.kind != kind {
        throw StorageError(
          .badInput, "",
          "secret with uuid \(given) is of type '\(usage.kind.rawValue)' not expected '\(kind.rawValue)' type"
        )
      }
    case .usage(let name):
      let wanted = SecretUsage(kind: kind, name: name)
      uuid = try all().secrets.first { $0.definition.usage == wanted }?.definition.uuid
      usage = wanted
      missing = "no secret with matching usage '\(name)'"
    }
    if let file = try credential(uuid, usage) { return try SecretBytes(reading: file) }
    guard let uuid, let record = try secret(uuid) else {
      throw StorageError(.notFound, "", "Secret not found: \(missing)")
    }
    guard let value = try storedValue(of: record.definition) else {
      throw StorageError(.notFound, "", "Secret not found: secret '\(uuid)' does not have a value")
    }
    return value
  }

  /// Whether a secret has a value.
  package func hasValue(of reference: SecretReference, for kind: SecretUsage.Kind)
    throws(StorageError) -> Bool
  {
    do throws(StorageError) {
      _ = try value(of: reference, for: kind)
      return true
    } catch {
      guard error.code == .notFound else { throw error }
      return false
    }
  }

  /// The value that is kept for a secret; nil where none is.
  /// - Throws: `permission` where others could have read it.
  package func storedValue(of secret: SecretDefinition) throws(StorageError) -> SecretBytes? {
    guard let folder = try open(ephemeral: secret.isEphemeral),
      let file = try folder.openIfPresent(SecretStore.value(secret.uuid))
    else { return nil }
    let status = try file.status()
    guard status.kind == .regular else {
      throw StorageError(.badInput, file.path.text, "is not a regular file")
    }
    guard status.mode & 0o077 == 0 else {
      throw StorageError(
        .permission, file.path.text,
        "mode 0\(String(status.mode, radix: 8)) lets others read it: expected 0600")
    }
    return try SecretBytes(reading: file)
  }

  /// The credential that systemd passed for a secret; nil where there is none.
  ///
  /// It is called by the UUID, by the usage, or, as a usage is mostly a path, by what `systemd-escape --path` makes
  /// of it.
  private func credential(_ uuid: StorageUUID?, _ usage: SecretUsage?) throws(StorageError)
    -> Descriptor?
  {
    guard let path = host.credentials, let folder = try Folder.ifPresent(path) else { return nil }
    var names = uuid.map { ["\($0)"] } ?? []
    if let name = usage?.name {
      if !name.contains("/"), name != ".", name != ".." { names.append(name) }
      names.append(name.escapedForSystemd)
    }
    for name in names where !name.isEmpty && name.utf8.count <= 255 {
      guard let file = try folder.openIfPresent(name) else { continue }
      guard try file.status().kind == .regular else {
        throw StorageError(.badInput, file.path.text, "is not a regular file")
      }
      return file
    }
    return nil
  }
}

extension String {
  /// The text as `systemd-escape --path` prints it (systemd.unit(5)): slashes as dashes, none at the ends, and
  /// everything but letters, digits, `:`, `_` and `.` as `\xNN`.
  var escapedForSystemd: String {
    let parts = split(separator: "/")
    guard !parts.isEmpty else { return "-" }
    let escaped = parts.map { part in
      part.utf8.map { byte -> String in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "_"),
          UInt8(ascii: "."):
          return String(UnicodeScalar(byte))
        default: return "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
      }.joined()
    }.joined(separator: "-")
    // A dot at the very start would make a hidden file.
    return escaped.without(prefix: ".").map { "\\x2e" + $0 } ?? escaped
  }
}
