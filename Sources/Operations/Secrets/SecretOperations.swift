import Secrets
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import StorageXML

extension Storage {
  /// Defines a secret, or changes the definition of one; a value that it has stays.
  ///
  /// - Parameters:
  ///   - uuidIsGiven: whether the document named the UUID.
  ///   - ifNotExists: succeed without a change where the secret is defined just so.
  /// - Throws: `exists` with libvirt's words where the UUID or the use is taken.
  package func defineSecret(_ secret: SecretDefinition, uuidIsGiven: Bool, ifNotExists: Bool)
    throws(StorageError) -> (secret: SecretDefinition, change: Change)
  {
    try locked(locks.secrets()) { () throws(StorageError) in
      let all = try secrets.all().secrets.map(\.definition)
      let sameUse = all.first { $0.usage != nil && $0.usage == secret.usage }
      if ifNotExists, let present = all.first(where: { $0.uuid == secret.uuid }) ?? sameUse {
        var wanted = secret
        if !uuidIsGiven { wanted.uuid = present.uuid }
        let fields = present.differences(from: wanted)
        guard fields.isEmpty else {
          throw StorageError(
            .exists, "secret '\(present.uuid)'",
            "is defined otherwise: differs in \(fields.joined(separator: ", "))")
        }
        return (present, .none)
      }
      let present = all.first { $0.uuid == secret.uuid }
      if let present {
        try checkReplaces(present, by: secret)
      } else if let sameUse, let usage = secret.usage {
        throw StorageError(
          .exists, "",
          "a secret with UUID \(sameUse.uuid) already defined for use with \(usage.name)")
      }
      let change = try change { steps throws(StorageError) in
        try sweep()
        if let present, present.isEphemeral != secret.isEphemeral {
          try move(present, to: secret, steps)
        } else {
          try write(secret, steps)
        }
      }
      return (secret, change)
    }
  }

  private func checkReplaces(_ present: SecretDefinition, by secret: SecretDefinition)
    throws(StorageError)
  {
    guard present.usage?.name == secret.usage?.name else {
      throw StorageError(
        .exists, "",
        "a secret with UUID \(present.uuid) is already defined for use with "
          + (present.usage?.name ?? "nothing"))
    }
    guard secret.isPrivate || !present.isPrivate else {
      throw StorageError(
        .exists, "secret '\(present.uuid)'", "cannot change private flag on existing secret")
    }
  }

  /// Removes a secret and its value, also one whose definition cannot be read.
  package func undefineSecret(_ text: String) throws(StorageError) -> Change {
    try locked(locks.secrets()) { () throws(StorageError) in
      let uuid = try definedSecret(text)
      return try change { steps throws(StorageError) in
        try sweep()
        // The value first: a definition without one is in nobody's way, a value without definition would stay
        // unseen.
        for ephemeral in [true, false] {
          try remove(SecretStore.value(uuid), "value", ephemeral, steps)
        }
        for ephemeral in [true, false] {
          try remove(SecretStore.document(uuid), "definition", ephemeral, steps)
        }
      }
    }
  }

  private func definedSecret(_ text: String) throws(StorageError) -> StorageUUID {
    do throws(StorageError) {
      return try secrets.secret(matching: text).definition.uuid
    } catch {
      guard error.code == .badInput, let uuid = StorageUUID(text) else { throw error }
      return uuid
    }
  }

  /// Gives a secret its value, replacing what it has, whatever that is.
  package func setValue(_ value: SecretBytes, ofSecret text: String) throws(StorageError) -> Change
  {
    guard value.count > 0 else { throw StorageError(.badInput, "", "the secret value is empty") }
    return try locked(locks.secrets()) { () throws(StorageError) in
      let secret = try secrets.secret(matching: text).definition
      // Whatever the old one is, it is replaced; only one that is equal need not be.
      let present = try? secrets.storedValue(of: secret)
      if let present, present.isEqual(to: value) { return .none }
      return try change { steps throws(StorageError) in
        try sweep()
        try write(value, of: secret, steps)
      }
    }
  }

  // MARK: Files

  private func write(_ secret: SecretDefinition, _ steps: Steps) throws(StorageError) {
    let path = try secrets.folder(ephemeral: secret.isEphemeral)
    let name = SecretStore.document(secret.uuid)
    try steps.run("write definition '\(path.appending(name))'") { () throws(StorageError) in
      try HostFolders.makePrivate(path).write(SecretXML.write(secret), to: name)
    }
  }

  private func write(
    _ value: SecretBytes, of secret: SecretDefinition, _ steps: Steps,
    undo: (() throws(StorageError) -> Void)? = nil
  ) throws(StorageError) {
    let path = try secrets.folder(ephemeral: secret.isEphemeral)
    let name = SecretStore.value(secret.uuid)
    try steps.run("write value '\(path.appending(name))'", undo: undo) {
      () throws(StorageError) in
      let folder = try HostFolders.makePrivate(path)
      try folder.makeFile(name, mode: 0o600, replacing: true) { file throws(StorageError) in
        try value.write(to: file)
      }
      if secret.isEphemeral, try !FileSystem(of: folder).isInMemory {
        steps.warnOnce(
          "disk", "'\(path)' is on a disk, which keeps the value of an ephemeral secret")
      }
    }
  }

  /// Moves a secret between the folder that lasts and the one that does not.
  ///
  /// Until its new definition stands, the old one does; what is then left of the old one is removed by `sweep`.
  private func move(_ present: SecretDefinition, to secret: SecretDefinition, _ steps: Steps)
    throws(StorageError)
  {
    if let value = try secrets.storedValue(of: present) {
      try write(value, of: secret, steps) { () throws(StorageError) in
        try secrets.open(ephemeral: secret.isEphemeral)?.remove(SecretStore.value(secret.uuid))
      }
    }
    try write(secret, steps)
    try remove(
      SecretStore.document(present.uuid), "old definition", present.isEphemeral, steps)
    try remove(SecretStore.value(present.uuid), "old value", present.isEphemeral, steps)
  }

  private func remove(_ name: String, _ what: String, _ ephemeral: Bool, _ steps: Steps)
    throws(StorageError)
  {
    guard let folder = try secrets.open(ephemeral: ephemeral), try folder.status(name) != nil else {
      return
    }
    try steps.run("remove \(what) '\(folder.path.appending(name))'") { () throws(StorageError) in
      try folder.remove(name)
      try folder.confirm()
    }
  }

  /// Removes what a killed command left.
  ///
  /// The lock is held, so nobody is writing.
  private func sweep() throws(StorageError) {
    guard !isDryRun else { return }
    for (folder, name) in try secretLeftovers() { try folder.remove(name) }
  }

  /// What a killed command left: temporary files, values whose definition is not beside them, and what is of a secret in
  /// the lasting folder while the other one still has it.
  func secretLeftovers() throws(StorageError) -> [(folder: Folder, name: String)] {
    var found: [(folder: Folder, name: String)] = []
    var ephemeralNames: Set<ByteString> = []
    for ephemeral in [true, false] {
      guard let folder = try secrets.open(ephemeral: ephemeral) else { continue }
      let names = Set(try folder.entries().map { ByteString($0.name) })
      for name in names.sorted().map(\.text) {
        let stem = name.cut(at: ".").map { String($0.before) } ?? name
        let isOrphan = name.hasSuffix(".value") && !names.contains(stem + ".xml")
        let isDouble = ephemeralNames.contains(stem + ".xml")
        if name.contains("~") || isOrphan || isDouble { found.append((folder, name)) }
      }
      ephemeralNames = ephemeral ? names : []
    }
    return found
  }
}

extension SecretDefinition {
  /// The names of the fields in which this definition and another differ.
  fileprivate func differences(from other: SecretDefinition) -> [String] {
    let fields: [(String, Bool)] = [
      ("uuid", uuid == other.uuid), ("ephemeral", isEphemeral == other.isEphemeral),
      ("private", isPrivate == other.isPrivate), ("description", description == other.description),
      ("usage", usage == other.usage),
    ]
    return fields.filter { !$0.1 }.map(\.0)
  }
}
