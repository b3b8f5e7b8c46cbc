import Operations
import Secrets
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Secrets on disk")
struct SecretStoreTests {
  let host: PrivateHost
  let uuid = StorageUUID.derived(from: "secret")

  init() throws { host = try PrivateHost() }

  private func definition(
    _ usage: String? = "/srv/a.img", kind: SecretUsage.Kind = .volume, ephemeral: Bool = false
  ) -> SecretDefinition {
    var secret = SecretDefinition(uuid: uuid)
    secret.usage = usage.map { SecretUsage(kind: kind, name: $0) }
    secret.isEphemeral = ephemeral
    return secret
  }

  private func define(_ secret: SecretDefinition) throws {
    _ = try host.storage().defineSecret(secret, uuidIsGiven: true, ifNotExists: false)
  }

  private func bytes(_ text: String) throws -> SecretBytes {
    try host.temporary.write(text, to: "value")
    return try SecretBytes(reading: Descriptor(reading: host.temporary.path.appending("value")))
  }

  private func set(_ text: String) throws {
    _ = try host.storage().setValue(bytes(text), ofSecret: "\(uuid)")
  }

  /// What the encryption of a volume gets that refers to the secret.
  private func passphrase(_ reference: SecretReference, credentials: String? = nil)
    throws -> String
  {
    let folders = HostFolders(
      configuration: host.host.configuration, runtime: host.host.runtime, data: host.host.data,
      proc: host.host.proc, sys: host.host.sys,
      credentials: credentials.map { host.temporary.path.appending($0) })
    var encryption = Encryption(format: .luks)
    encryption.secrets = [reference]
    let value = try SecretStore(host: folders).passphrase(of: encryption)
    try host.temporary.write("", to: "out")
    try value.write(to: host.temporary.open("out"))
    return try host.temporary.text("out")
  }

  private func problem(_ reference: SecretReference) -> String? {
    do {
      _ = try passphrase(reference)
      return nil
    } catch { return (error as? StorageError)?.text }
  }

  /// The files of secrets, without the parts of the path that every one has.
  private func files() throws -> [String] {
    try host.temporary.names().filter { $0.contains("secrets/") }
      .map { $0.split(separator: "/").last.map { "\($0)" } ?? "" }
      .map { $0.replacing("\(uuid)", with: "U") }
  }

  @Test("a value is found by UUID and by use")
  func found() throws {
    try define(definition())
    try set("pass")
    #expect(try passphrase(.uuid(uuid)) == "pass")
    #expect(try passphrase(.usage("/srv/a.img")) == "pass")
  }

  @Test("what is not there is told in libvirt's words")
  func missing() throws {
    #expect(
      problem(.uuid(uuid)) == "Secret not found: no secret with matching uuid '\(uuid)'")
    #expect(problem(.usage("/x")) == "Secret not found: no secret with matching usage '/x'")
    try define(definition())
    #expect(problem(.uuid(uuid)) == "Secret not found: secret '\(uuid)' does not have a value")
  }

  @Test("a secret for something else is not taken for a volume's, one for nothing is")
  func otherUse() throws {
    try define(definition("client", kind: .ceph))
    try set("pass")
    #expect(
      problem(.uuid(uuid))
        == "secret with uuid \(uuid) is of type 'ceph' not expected 'volume' type")
    #expect(problem(.usage("client")) == "Secret not found: no secret with matching usage 'client'")
    _ = try host.storage().undefineSecret("\(uuid)")
    try define(definition(nil))
    try set("pass")
    #expect(try passphrase(.uuid(uuid)) == "pass")
  }

  @Test("an encryption names exactly one secret", arguments: [0, 2])
  func count(count: Int) throws {
    var encryption = Encryption(format: .luks)
    encryption.secrets = Array(repeating: .uuid(uuid), count: count)
    let error = failure { () throws(StorageError) in
      try SecretStore(host: host.host).passphrase(of: encryption)
    }
    #expect(
      error?.text
        == "A single <secret type='passphrase'...> element is expected in encryption description")
  }

  @Test("folders are 0700 and files 0600, whatever the mask")
  func modes() throws {
    try define(definition())
    try set("pass")
    let folder = host.temporary.path.appending("etc/secrets")
    #expect(try FileStatus(following: folder).mode == 0o700)
    for name in ["\(uuid).xml", "\(uuid).value"] {
      #expect(try FileStatus(following: folder.appending(name)).mode == 0o600)
    }
    try host.temporary.shell("chmod 0640 etc/secrets/*.value")
    #expect(problem(.uuid(uuid))?.contains("mode 0640 lets others read it") == true)
    try set("other")
    #expect(try passphrase(.uuid(uuid)) == "other")
    try host.temporary.shell("chmod 0711 etc/secrets")
    #expect(problem(.uuid(uuid))?.contains("mode 0711 lets others in") == true)
  }

  @Test("nothing of an ephemeral secret is left after a boot")
  func ephemeral() throws {
    try define(definition(ephemeral: true))
    try set("pass")
    #expect(try passphrase(.uuid(uuid)) == "pass")
    #expect(!(try host.temporary.names()).contains("etc/secrets"))
    try host.reboot()
    #expect(try host.storage().secrets.all().secrets.isEmpty)
  }

  @Test(
    "a secret moves with its value when it becomes ephemeral, and back", arguments: [true, false])
  func moved(ephemeral: Bool) throws {
    try define(definition(ephemeral: !ephemeral))
    try set("pass")
    try define(definition(ephemeral: ephemeral))
    #expect(try passphrase(.uuid(uuid)) == "pass")
    #expect(try files() == ["U.value", "U.xml"])
  }

  @Test("the next change removes what a killed command left")
  func swept() throws {
    try define(definition())
    try set("pass")
    let other = StorageUUID.derived(from: "other")
    try host.temporary.write("half", to: "etc/secrets/\(uuid).value~abcdefgh")
    try host.temporary.write("orphan", to: "etc/secrets/\(other).value")
    try define(definition())
    #expect(try files() == ["U.value", "U.xml"])
    // A move that was cut before the old place was cleared.
    try host.temporary.shell("cp -a etc/secrets/* .")
    try define(definition(ephemeral: true))
    try host.temporary.shell("cp -a \(uuid).* etc/secrets/")
    try set("new")
    #expect(try files() == ["U.value", "U.xml"])
    #expect(try passphrase(.uuid(uuid)) == "new")
  }

  @Test("a credential of systemd wins, and needs no definition")
  func credentials() throws {
    try host.temporary.write("by uuid", to: "uuid/\(uuid)")
    try host.temporary.write("by path", to: "path/srv-a.img")
    try host.temporary.write("by name", to: "name/plain")
    try host.temporary.shell("mkdir none")
    #expect(try passphrase(.uuid(uuid), credentials: "uuid") == "by uuid")
    #expect(try passphrase(.usage("/srv/a.img"), credentials: "path") == "by path")
    #expect(try passphrase(.usage("plain"), credentials: "name") == "by name")
    try define(definition())
    try set("stored")
    #expect(try passphrase(.usage("/srv/a.img"), credentials: "uuid") == "by uuid")
    #expect(try passphrase(.uuid(uuid), credentials: "path") == "by path")
    #expect(try passphrase(.uuid(uuid), credentials: "none") == "stored")
    #expect(try passphrase(.uuid(uuid), credentials: "missing") == "stored")
  }

  @Test(
    "a usage cannot lead out of the credentials folder",
    arguments: [
      "..", "../value", "/../value", ".", "/", "a/../../value",
    ])
  func outside(usage: String) throws {
    try host.temporary.write("outside", to: "value")
    try host.temporary.shell("mkdir creds")
    #expect(throws: StorageError.self) { try passphrase(.usage(usage), credentials: "creds") }
  }

  @Test("a link in the credentials folder is not followed")
  func link() throws {
    try host.temporary.write("outside", to: "value")
    try host.temporary.shell("mkdir creds; ln -s ../value creds/plain")
    #expect(throws: StorageError.self) { try passphrase(.usage("plain"), credentials: "creds") }
  }

  @Test(
    "credentials are named as systemd-escape names paths",
    .enabled(if: Shell.exists("systemd-escape"), "needs systemd-escape"),
    arguments: ["/srv/a.img", "/srv//a b/", "/", "/.hidden", "/ä-ö_:.x", "/a\\b", "/tab\there"])
  func escaping(path: String) throws {
    let name = Shell.run("systemd-escape --path -- '\(path)'").output.trimmed
    try host.temporary.write("found", to: "path")
    try host.temporary.shell("mkdir creds; mv path creds/'\(name)'")
    #expect(try passphrase(.usage(path), credentials: "creds") == "found")
  }

  @Test("a dry run leaves nothing, and no value in what it tells")
  func dryRun() throws {
    try define(definition())
    let before = try host.temporary.names()
    let change = try host.storage(isDryRun: true).setValue(
      bytes("sesame"), ofSecret: "\(uuid)")
    #expect(change.told.count == 1)
    #expect(!change.told[0].contains("sesame"))
    #expect(try host.temporary.names().filter { $0 != "value" } == before)
  }
}
