import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@testable import Operations

@Suite("What new volumes can be")
struct CreationRulesTests {
  private static let images: VolumeTraits = {
    var traits = VolumeTraits(VolumeFormat.creatable)
    traits.keepsAnyImage = true
    traits.backing = .images
    traits.encryptions = [.raw: [.luks, .luks2], .qcow2: [.luks]]
    traits.convertsEncryption = true
    traits.allowsEmpty = true
    return traits
  }()

  private static let devices: VolumeTraits = {
    var traits = VolumeTraits([.raw])
    traits.areDevices = true
    return traits
  }()

  private func rules(
    _ traits: VolumeTraits, _ format: VolumeFormat?, capacity: ByteCount? = .mebibyte,
    _ change: (inout VolumeDefinition, inout CreationOptions) -> Void = { _, _ in }
  ) throws -> CreationRules {
    var volume = VolumeDefinition(name: try VolumeName("v"), capacity: capacity)
    volume.target.format = format
    var options = CreationOptions()
    change(&volume, &options)
    return CreationRules(
      volume: volume, traits: traits, options: options,
      properties: volume.lifecycle.resolved(with: PoolLifecycle()))
  }

  /// A source as it would be found; its file is not looked at.
  private func content(
    _ format: VolumeFormat, _ change: (inout VolumeDefinition) -> Void = { _ in }
  ) throws -> VolumeContent {
    var definition = VolumeDefinition(name: try VolumeName("s"), capacity: .mebibyte)
    definition.target.format = format
    change(&definition)
    let volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: PoolLifecycle()),
      hasCommitted: true, hasWorkingCopy: false)
    return VolumeContent(
      volume, try Descriptor(opening: Path("/dev/null"), flags: Descriptor.readOnly))
  }

  private func refusal(_ rules: CreationRules, keepsBytes: Bool = false) -> StorageError? {
    failure { () throws(StorageError) in try rules.check(keepsBytes: keepsBytes) }
  }

  @Test("formats that cannot be made can be copied, where files are kept as they are")
  func copies() throws {
    for format in [VolumeFormat.vhdx, .dmg, .ploop] {
      #expect(try refusal(rules(Self.images, format))?.code == .unsupported)
      #expect(try refusal(rules(Self.images, format), keepsBytes: true) == nil)
      #expect(try refusal(rules(Self.devices, format), keepsBytes: true)?.code == .unsupported)
    }
  }

  @Test("a device holds no image, no overlay and nothing encrypted unless its pool says so")
  func devices() throws {
    #expect(try refusal(rules(Self.devices, nil)) == nil)
    #expect(try refusal(rules(Self.devices, .qcow2))?.code == .unsupported)
    let overlay = try rules(Self.devices, nil) { volume, _ in
      volume.backingStore = BackingStore(path: "/b")
    }
    #expect(refusal(overlay)?.code == .unsupported)
    let encrypted = try rules(Self.devices, nil) { volume, _ in
      volume.target.encryption = Encryption(format: .luks)
    }
    #expect(refusal(encrypted)?.problem == "storage pool does not support encrypted volumes")
    #expect(refusal(encrypted, keepsBytes: true)?.code == .unsupported)
  }

  @Test("bytes stay only where the copy is read with the same format, options and secret")
  func bytes() throws {
    let secret = SecretReference.usage("s")
    func encrypt(_ volume: inout VolumeDefinition, _ secrets: [SecretReference]) {
      volume.target.encryption = Encryption(format: .luks)
      volume.target.encryption?.secrets = secrets
    }
    let raw = try content(.raw)
    let locked = try content(.raw) { encrypt(&$0, [secret]) }
    #expect(try rules(Self.images, .raw).keepsBytes(of: raw, openedWith: []))
    #expect(try !rules(Self.images, .qcow2).keepsBytes(of: raw, openedWith: []))
    #expect(try !rules(Self.devices, nil).keepsBytes(of: locked, openedWith: [secret]))
    for (secrets, stays) in [([secret], true), ([], true), ([.usage("other")], false)] {
      let wanted = try rules(Self.images, .raw) { volume, _ in encrypt(&volume, secrets) }
      #expect(wanted.keepsBytes(of: locked, openedWith: [secret]) == stays)
      #expect(wanted.keepsBytes(of: locked, openedWith: []))
    }
    let image = try content(.qcow2) { $0.target.compat = "1.1" }
    #expect(try rules(Self.images, .qcow2).keepsBytes(of: image, openedWith: []))
    let older = try rules(Self.images, .qcow2) { volume, _ in volume.target.compat = "0.10" }
    #expect(!older.keepsBytes(of: image, openedWith: []))
    let overlay = try content(.qcow2) { $0.backingStore = BackingStore(path: "/b") }
    #expect(try !rules(Self.images, .qcow2).keepsBytes(of: overlay, openedWith: []))
    let shared = try rules(Self.images, .qcow2) { _, options in options.requiresReflink = true }
    #expect(shared.keepsBytes(of: overlay, openedWith: []))
  }

  @Test("ciphertext is never converted where nothing can decrypt it")
  func conversions() throws {
    for (format, status) in [
      (Encryption.Format.luks, nil), (.luks2, StorageError.Code.unsupported),
    ] {
      let source = try content(.raw) { $0.target.encryption = Encryption(format: format) }
      for traits in [Self.images, Self.devices] {
        let rules = try rules(traits, .raw)
        let refusal = failure { () throws(StorageError) in try rules.checkConversion(of: source) }
        #expect(refusal?.code == (traits.areDevices ? .unsupported : status))
      }
    }
  }

  @Test("only some pools have volumes without any content")
  func empty() throws {
    func refusal(_ traits: VolumeTraits, _ capacity: ByteCount?) throws -> String? {
      let rules = try rules(traits, .raw, capacity: capacity)
      return failure { () throws(StorageError) in try rules.checkCapacity(from: nil) }?.problem
    }
    #expect(try refusal(Self.images, 0) == nil)
    #expect(try refusal(Self.images, nil) == "missing capacity element")
    #expect(try refusal(Self.devices, 0) == "volume capacity required for this storage pool")
    #expect(try refusal(VolumeTraits([.raw]), 0) == "capacity must be above 0")
  }
}

@Suite("How far qemu-img says it is")
struct QemuImageProgressTests {
  @Test("the last whole figure of what came counts, however it is cut")
  func pieces() {
    var progress = QemuImageProgress()
    #expect(progress.percent(after: Array("    (0.00/100%)\r    (12.5".utf8)) == 0)
    #expect(progress.percent(after: Array("0/100".utf8)) == 12.5)
    #expect(progress.percent(after: Array("%)\r".utf8)) == nil)
    #expect(progress.percent(after: Array("    (100.00/100%)\r\n".utf8)) == 100)
  }
}
