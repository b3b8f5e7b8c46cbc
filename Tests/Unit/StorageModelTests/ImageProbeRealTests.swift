import StorageModel
import Testing

/// Images written by QEMU and cryptsetup, each compared with what `qemu-img info` says of it.
@Suite("Probing images of other programs")
struct ImageProbeRealTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var format: VolumeFormat
    /// The format's name in QEMU.
    var qemu: String
    var options = ""
    var testDescription: String { "\(qemu) \(options)" }
  }

  static let cases = [
    Case(format: .qcow2, qemu: "qcow2"),
    Case(format: .qcow2, qemu: "qcow2", options: "compat=0.10"),
    Case(format: .qcow2, qemu: "qcow2", options: "compat=0.10,cluster_size=512"),
    Case(format: .qcow2, qemu: "qcow2", options: "compat=1.1,lazy_refcounts=on"),
    Case(format: .qcow2, qemu: "qcow2", options: "extended_l2=on,cluster_size=128k"),
    Case(format: .qcow2, qemu: "qcow2", options: "cluster_size=2M,refcount_bits=64"),
    Case(format: .qcow2, qemu: "qcow2", options: "compression_type=zstd"),
    Case(format: .qcow2, qemu: "qcow2", options: "data_file=data.raw"),
    Case(format: .qcow2, qemu: "qcow2", options: "data_file=data.raw,data_file_raw=on"),
    Case(format: .qcow, qemu: "qcow"),
    Case(format: .vdi, qemu: "vdi"),
    Case(format: .vdi, qemu: "vdi", options: "static=on"),
    Case(format: .vmdk, qemu: "vmdk"),
    Case(format: .vmdk, qemu: "vmdk", options: "subformat=streamOptimized"),
    Case(format: .vpc, qemu: "vpc"),
    Case(format: .vpc, qemu: "vpc", options: "force_size=on"),
    Case(format: .vpc, qemu: "vpc", options: "subformat=fixed,force_size=on"),
    Case(format: .vpc, qemu: "vpc", options: "subformat=fixed"),
    Case(format: .vhdx, qemu: "vhdx"),
    Case(format: .vhdx, qemu: "vhdx", options: "subformat=fixed,block_size=1M"),
    Case(format: .qed, qemu: "qed"),
    Case(format: .qed, qemu: "qed", options: "cluster_size=4096"),
    Case(format: .ploop, qemu: "parallels"),
    Case(format: .raw, qemu: "raw"),
  ]

  @Test(.enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"), arguments: cases)
  func written(image: Case) throws {
    let folder = try ImageFolder()
    let options = image.options.isEmpty ? "" : "-o \(image.options)"
    try #require(folder.shell("qemu-img create -q -f \(image.qemu) \(options) i 37M 2>&1") != nil)
    let facts = try folder.probe("i")
    #expect(facts.problem == nil)
    #expect(facts.format == image.format)
    func info(_ key: String) -> String? { folder.info(key, of: "i", format: image.qemu) }
    let size = try #require(info("virtual-size"))
    #expect(facts.capacity.map { String($0.bytes) } ?? "38797312" == size)
    #expect(facts.backing == nil)
    #expect(facts.encryption == nil)
    guard image.format == .qcow2 else { return }
    #expect(facts.clusterSize.map { String($0.bytes) } == info("cluster-size"))
    #expect(facts.compat == info("compat"))
    #expect(facts.features.contains(.lazyRefcounts) == (info("lazy-refcounts") == "true"))
    #expect(facts.features.contains(.extendedL2) == (info("extended-l2") == "true"))
    #expect(facts.features.contains(.zstd) == (info("compression-type") == "zstd"))
    #expect(facts.dataFile == info("data-file"))
    #expect(facts.features.contains(.externalDataFile) == (info("data-file") != nil))
    #expect(facts.features.contains(.rawExternalData) == (info("data-file-raw") == "true"))
  }

  @Test(
    .enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"),
    arguments: ["qcow2", "qcow", "qed", "vmdk"],
    [
      "base", "PWD/base",
      "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"b\"}}",
    ])
  func overlays(format: String, backing: String) throws {
    // VMDK takes only bases of its own format and no JSON.
    if format == "vmdk", backing.hasPrefix("json") { return }
    let folder = try ImageFolder()
    let base = format == "vmdk" ? "vmdk" : "raw"
    let path = backing.replacing("PWD", with: folder.path)
    try #require(folder.shell("qemu-img create -q -f \(base) base 8M") != nil)
    let command = "qemu-img create -q -u -f \(format) -b '\(path)' -F \(base) i 8M 2>&1"
    let made = folder.shell(format == "vmdk" ? command.replacing("-u ", with: "") : command)
    try #require(made != nil)
    let facts = try folder.probe("i")
    #expect(facts.problem == nil)
    #expect(facts.capacity == ByteCount(8 << 20))
    #expect(facts.backing?.path == path)
    // Only qcow2 and QED have room for the base's format; QEMU takes what a VMDK names for one.
    let recorded: [String: VolumeFormat] = ["qcow2": .raw, "qed": .raw, "vmdk": .vmdk]
    let named: VolumeFormat? = backing.hasPrefix("json:") ? .raw : nil
    #expect(facts.backing?.format == recorded[format] ?? named)
    guard backing == "base" else { return }
    #expect(folder.info("backing-filename", of: "i", format: format) == facts.backing?.path)
  }

  @Test(.enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"))
  func longNamesAndFormats() throws {
    let folder = try ImageFolder()
    let name = "/" + String(repeating: "long name é/", count: 75) + "base"
    for format in ["qcow2", "vmdk", "vpc", "luks", "parallels"] {
      let command = "qemu-img create -q -u -f qcow2 -b '\(name)' -F \(format) i 1G"
      try #require(folder.shell(command) != nil)
      let facts = try folder.probe("i")
      #expect(facts.backing == BackingReference(path: name, formatText: format))
      #expect(facts.backing?.format != nil)
    }
  }

  @Test(.enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"))
  func encryption() throws {
    let folder = try ImageFolder()
    let secret = "--object secret,id=s,data=abcdefgh"
    // On a busy machine qemu-img cannot always measure how fast a key is derived; asked anew it can.
    func make(_ words: String) -> String? {
      let making = "qemu-img create -q \(secret) \(words)"
      return folder.shell("for n in $(seq 20); do \(making) && exit; done; exit 1")
    }
    try #require(make("-f luks -o key-secret=s,iter-time=10 l 5M") != nil)
    let plain = try folder.probe("l")
    #expect(plain.format == .raw)
    #expect(plain.encryption == .luks)
    #expect(plain.capacity == ByteCount(5 << 20))
    let options = "-o encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"
    try #require(make("-f qcow2 \(options) q 5M") != nil)
    let inside = try folder.probe("q")
    #expect(inside.format == .qcow2)
    #expect(inside.encryption == .luks)
    #expect(inside.problem == nil)
  }

  @Test(
    .enabled(if: ImageFolder.has("cryptsetup"), "needs cryptsetup"), arguments: ["luks1", "luks2"])
  func cryptsetup(type: String) throws {
    let folder = try ImageFolder()
    let command =
      "truncate -s 20M l && printf secret | cryptsetup -q --disable-locks luksFormat"
      + " --type \(type) --pbkdf pbkdf2 --pbkdf-force-iterations 1000 l - 2>&1"
    try #require(folder.shell(command) != nil)
    let facts = try folder.probe("l")
    #expect(facts.problem == nil)
    #expect(facts.format == .raw)
    #expect(facts.encryption == (type == "luks1" ? .luks : .luks2))
    #expect(facts.capacity == ByteCount(type == "luks1" ? 18 << 20 : 4 << 20))
  }

  @Test(.enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"))
  func textDescriptors() throws {
    let folder = try ImageFolder()
    let command = "qemu-img create -q -f vmdk -o subformat=monolithicFlat i 8M"
    try #require(folder.shell(command) != nil)
    let facts = try folder.probe("i")
    #expect(facts.format == .vmdk)
    #expect(facts.capacity == ByteCount(8 << 20))
    #expect(facts.references == [FileReference(.extent, "i-flat")])
    #expect(facts.problem == "is a VMDK's description: its data is in other files")
  }

  @Test(.enabled(if: ImageFolder.has("qemu-io"), "needs qemu-io"))
  func dirtyImage() throws {
    let folder = try ImageFolder()
    let create = "qemu-img create -q -f qcow2 -o lazy_refcounts=on i 8M"
    try #require(folder.shell(create) != nil)
    _ = folder.shell("qemu-io -f qcow2 -c 'write 0 64k' -c 'sigraise 9' i 2>&1")
    let facts = try folder.probe("i")
    #expect(facts.features.contains(.dirty))
    #expect(facts.problem == nil)
  }

  /// Damaged headers: thousands of each format, none may trap, all must end.
  @Test(.enabled(if: ImageFolder.has("qemu-img"), "needs qemu-img"), arguments: cases)
  func damaged(image: Case) throws {
    let folder = try ImageFolder()
    let options = image.options.isEmpty ? "" : "-o \(image.options)"
    try #require(folder.shell("qemu-img create -q -f \(image.qemu) \(options) i 1M") != nil)
    let original = try folder.content("i", count: 4 << 20)
    ImageDamage(seed: 11).run(original, rounds: 1500)
  }
}
