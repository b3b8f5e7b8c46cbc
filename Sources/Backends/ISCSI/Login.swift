import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// How a pool logs into its target, and out again.
struct Login {
  let target: ISCSIName
  let portal: Portal
  /// As which initiator; nil for the machine's own.
  let initiator: ISCSIName?

  private let pool: PoolDefinition
  private let host: HostFolders
  private let secrets: any SecretSource
  private let files: RecordFiles
  private let admin: ISCSIAdmin

  /// Seconds that a local call of iscsiadm may take; it only writes files.
  private static let localSeconds = 30.0

  /// - Throws: `badInput`, in libvirt's words, for a definition that names no portal or target, or several.
  init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource)
    throws(StorageError)
  {
    let subject = "pool '\(pool.name)'"
    guard let server = pool.source.hosts.first, pool.source.hosts.count == 1 else {
      throw StorageError(
        .badInput, subject, "Expected exactly 1 host for the storage pool",
        reason: pool.source.hosts.isEmpty ? nil : "several portals of a target are not supported")
    }
    guard !server.name.isEmpty else {
      throw StorageError(.badInput, subject, "missing source host")
    }
    guard let device = pool.source.devices.first, pool.source.devices.count == 1 else {
      throw StorageError(.badInput, subject, "missing source device")
    }
    do throws(StorageError) {
      portal = try Portal(server)
      target = try ISCSIName(device.path.text)
      initiator = try pool.source.initiatorIQN.map { name throws(StorageError) in
        try ISCSIName(name)
      }
    } catch {
      throw StorageError(error.code, subject, error.problem)
    }
    if let authentication = pool.source.authentication, authentication.kind != .chap {
      throw StorageError(.badInput, subject, "iscsi pool only supports 'chap' auth type")
    }
    self.pool = pool
    self.host = host
    self.secrets = secrets
    files = RecordFiles(pool: pool)
    admin = ISCSIAdmin(subject: subject)
  }

  /// Logs in: an interface record of the pool's own, a record of the target for it, and the session.
  func run(_ steps: Steps) throws(StorageError) {
    let settings = try settings()
    let name = files.interface
    // What a killed start left would be taken for what is made now.
    try Login.end(pool, host: host, steps)
    // iscsiadm would replace it without a word.
    if let foreign = try files.foreignRecord(of: target, at: portal) {
      throw StorageError(
        .busy, "pool '\(pool.name)'",
        "open-iscsi has a record of that portal which is not the pool's",
        reason: foreign.file.text,
        hint:
          "Log in by it first, or remove it: iscsiadm -m node -T \(target) -p \(portal) -o delete")
    }
    let make = ISCSIAdmin.interface(name, ["--op", "new"])
    try step(make, undo: ISCSIAdmin.interface(name, ["--op", "delete"]), steps)
    if let initiator {
      try step(
        ISCSIAdmin.interface(
          name, ["--op", "update", "--name", "iface.initiatorname", "--value", "\(initiator)"]),
        steps)
    }
    let record = ISCSIAdmin.node(target, at: portal, by: name, ["--op", "new"])
    try steps.run(
      "run \(ISCSIAdmin.program.commandLine(record))",
      undo: { () throws(StorageError) in
        for node in try files.nodes() { try files.remove(node) }
      }
    ) { () throws(StorageError) in try admin.run(record, timeout: Login.localSeconds) }
    let what = settings.password == nil ? "time limits" : "time limits and CHAP secret"
    try steps.run("set \(what) in the record of the target") { () throws(StorageError) in
      guard let node = try files.nodes().first else {
        throw StorageError(.failure, "pool '\(pool.name)'", "iscsiadm made no record of the target")
      }
      try files.set(settings, in: node)
    }
    let end = undoing(ISCSIAdmin.node(target, at: portal, by: name, ["--logout"]))
    let words = ISCSIAdmin.node(target, at: portal, by: name, ["--login"])
    try steps.run("run \(ISCSIAdmin.program.commandLine(words))", clearing: end) {
      () throws(StorageError) in
      // The daemon may go on trying after iscsiadm has ended.
      try admin.run(words, timeout: Double(settings.seconds) + Login.localSeconds)
    }
  }

  /// Ends what the pool began: its sessions, its records of targets, its interface record, in this order, so that
  /// what is left when it is interrupted is still known to be the pool's.
  static func end(_ pool: PoolDefinition, host: HostFolders, _ steps: Steps) throws(StorageError) {
    let files = RecordFiles(pool: pool)
    let admin = ISCSIAdmin(subject: "pool '\(pool.name)'")
    let name = files.interface
    for session in try ISCSISessions(sys: host.sys).all() where session.interface == name {
      let words = ["--mode", "session", "--sid", "\(session.number)", "--logout"]
      try steps.run("run \(ISCSIAdmin.program.commandLine(words))") { () throws(StorageError) in
        try admin.run(words, allowingNothing: true, timeout: localSeconds)
      }
    }
    if try files.hasUnfinished() {
      try steps.run("remove an unfinished record") { () throws(StorageError) in try files.sweep() }
    }
    for node in try files.nodes() {
      try steps.run("remove the record '\(node.file)'") { () throws(StorageError) in
        try files.remove(node)
      }
    }
    guard try files.interfaceFile() != nil else { return }
    let words = ISCSIAdmin.interface(name, ["--op", "delete"])
    try steps.run("run \(ISCSIAdmin.program.commandLine(words))") { () throws(StorageError) in
      try admin.run(words, allowingNothing: true, timeout: localSeconds)
    }
  }

  private func step(
    _ words: [String], undo: [String]? = nil, seconds: Double = Login.localSeconds, _ steps: Steps
  ) throws(StorageError) {
    try steps.run("run \(ISCSIAdmin.program.commandLine(words))", undo: undo.map(undoing)) {
      () throws(StorageError) in try admin.run(words, timeout: seconds)
    }
  }

  private func undoing(_ words: [String]) -> () throws(StorageError) -> Void {
    { () throws(StorageError) in
      try admin.run(words, allowingNothing: true, timeout: Login.localSeconds)
    }
  }

  /// Time limit and credentials.
  /// - Throws: `notFound` where the secret is missing; `badInput` for credentials that no record can hold.
  private func settings() throws(StorageError) -> NodeSettings {
    var settings = NodeSettings(seconds: max(1, Int(host.answerTimeout.rounded(.up))))
    guard let authentication = pool.source.authentication else { return settings }
    let subject = "pool '\(pool.name)'"
    guard !authentication.username.hasControlCharacter,
      authentication.username.utf8.count <= 255
    else { throw StorageError(.badInput, subject, "the CHAP user name has control characters") }
    let password = try secrets.value(of: authentication.secret, for: .iscsi)
    guard password.isOneLine, password.count <= 255 else {
      throw StorageError(
        .badInput, subject,
        "the secret cannot be one of CHAP: it is longer than 255 bytes or one line")
    }
    settings.userName = authentication.username
    settings.password = password
    return settings
  }
}
