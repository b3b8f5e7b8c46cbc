import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Volumes that are block devices", .enabled(if: LoopDevice.isPossible))
struct BlockVolumeTests {
  let temporary: TemporaryFolder
  let device: LoopDevice
  let backend: LoopPool
  static let old = [UInt8](repeating: 7, count: 4096)

  init() throws {
    temporary = try TemporaryFolder()
    device = try LoopDevice(mebibytes: 8)
    backend = try LoopPool(on: device, below: temporary)
    // Old data everywhere.
    try Descriptor(claiming: device.path).write([UInt8](repeating: 7, count: 8 << 20))
  }

  func read(_ offset: Int64) throws -> [UInt8] {
    try Descriptor(readingDevice: device.path).read(at: offset, count: 4096)
  }

  /// Imports what a command prints.
  func replace(size: ByteCount, from file: String) throws(StorageError) {
    let source = try Descriptor(reading: temporary.path.appending(file))
    let volume = try backend.disk()
    try backend.replaceCommitted(of: volume, size: size, Steps()) { target throws(StorageError) in
      var transfer = Transfer(from: source, to: target)
      transfer.amount = .exactly(size)
      try transfer.run()
    }
  }

  @Test("a device tells its sizes and is never probed")
  func facts() throws {
    try Descriptor(claiming: device.path).write(Array("QFI".utf8) + [0xfb, 0, 0, 0, 3])
    let volume = try backend.disk()
    #expect(volume.definition.kind == .block)
    #expect(volume.capacity == ByteCount(8 << 20))
    #expect(volume.definition.physical == volume.definition.capacity)
    #expect(volume.definition.target.format == nil)
    #expect(volume.hasRecordedFormat && volume.isOwnDevice)
    #expect(volume.sectorSize == 512)
    #expect(volume.definition.target.permissions.mode != nil)
    #expect(volume.problem == nil)
    #expect(VolumeContent(volume, try Descriptor(readingDevice: device.path)).format == .raw)
  }

  @Test("an import shows nothing of what was there before")
  func importing() throws {
    // Data, a hole, data; shorter than the device.
    try temporary.write([UInt8](repeating: 1, count: 4096), to: "new")
    try temporary.shell(
      "truncate -s 2M new && printf end | dd of=new conv=notrunc bs=4096 seek=300")
    try replace(size: ByteCount(2 << 20), from: "new")
    #expect(try read(0) == [UInt8](repeating: 1, count: 4096))
    #expect(try read(4096).allSatisfy { $0 == 0 })
    #expect(try read(300 * 4096).starts(with: Array("end".utf8)))
    #expect(try read(5 << 20).allSatisfy { $0 == 0 })
    #expect(try backend.disk().problem == nil)
  }

  @Test("what has no room changes nothing")
  func tooLarge() throws {
    try temporary.write("x", to: "new")
    let error = failure { () throws(StorageError) in
      try replace(size: ByteCount(9 << 20), from: "new")
    }
    #expect(error?.code == .noSpace)
    #expect(try read(0) == Self.old)
    #expect(try backend.record(of: backend.disk().name) == nil)
  }

  @Test("an import that fails midway leaves a volume that says so, and is neither started nor read")
  func halfDone() throws {
    try temporary.write("short", to: "new")
    let error = failure { () throws(StorageError) in try replace(size: 1_048_576, from: "new") }
    #expect(error?.problem.contains("not enough data") == true)
    #expect(error?.hint?.contains("incomplete") == true)
    let volume = try backend.disk()
    #expect(volume.problem?.contains("an import did not finish") == true)
    for event in [LifecycleEvent.start, .export] {
      let refused = failure { () throws(StorageError) in _ = try volume.transition(event) }
      #expect(refused?.code == .badInput)
    }
    try temporary.write([UInt8](repeating: 2, count: 4096), to: "whole")
    try replace(size: 4096, from: "whole")
    #expect(try backend.disk().problem == nil)
    #expect(try read(0) == [UInt8](repeating: 2, count: 4096))
  }

  @Test("a copy of another volume leaves nothing of what was there, whatever format that has")
  func copying() throws {
    let format: VolumeFormat = Shell.exists("qemu-img") ? .qcow2 : .raw
    try temporary.shell("truncate -s 4M raw && printf begin | dd of=raw conv=notrunc")
    if format == .qcow2 { try temporary.shell("qemu-img convert -O qcow2 raw image") }
    let file = format == .qcow2 ? "image" : "raw"
    var definition = VolumeDefinition(name: try VolumeName("source"), capacity: ByteCount(4 << 20))
    definition.target.format = format
    let source = Volume(
      definition: definition, properties: try backend.disk().properties, hasCommitted: true,
      hasWorkingCopy: false)
    let content = VolumeContent(source, try Descriptor(reading: temporary.path.appending(file)))
    let target = try backend.disk().definition
    let way =
      format == .raw
      ? NewContent.Way.copy(content.descriptor)
      : .conversion(ImageConversion(from: content, key: nil, to: target, key: nil))
    let size = ByteCount(4 << 20)
    try backend.write(NewContent(way, size: size, capacity: size), to: target.name, Steps())
    #expect(try read(0).starts(with: Array("begin\0".utf8)))
    for offset: Int64 in [4096, 3 << 20, 7 << 20] {
      #expect(try read(offset).allSatisfy { $0 == 0 })
    }
  }

  @Test("wiping destroys the content", arguments: [WipeAlgorithm.zero, .trim])
  func wiping(algorithm: WipeAlgorithm) throws {
    try backend.wipe(backend.disk(), algorithm, Steps())
    for offset: Int64 in [0, 4 << 20, (8 << 20) - 4096] {
      #expect(try read(offset).allSatisfy { $0 == 0 })
    }
    #expect(try backend.disk().problem == nil)
  }

  @Test("patterns are written by scrub", .enabled(if: Shell.exists("scrub")))
  func scrubbing() throws {
    try backend.wipe(backend.disk(), .bsi, Steps())
    #expect(try read(1 << 20) != Self.old)
  }

  @Test("who has it open is named, and nobody can claim it twice", .enabled(if: TestProcess.canRun))
  func holders() throws {
    let volume = try backend.disk()
    #expect(try backend.holders(of: volume, committed: .anyone) == [])
    let child = try TestProcess(
      python: """
        import os, sys
        fd = os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)
        print("open", flush=True)
        sys.stdin.readline()
        """, device.path.text)
    #expect(try child.line() == "open")
    let users = try backend.holders(of: volume, committed: .anyone)
    #expect(users == ["python3 (pid \(child.identifier))"])
    #expect(try backend.holders(of: volume, committed: .writers) == [])
    let error = failure { () throws(StorageError) in try backend.wipe(volume, .zero, Steps()) }
    #expect(error?.code == .busy)
    #expect(try read(0) == Self.old)
    child.kill()
    #expect(try backend.holders(of: volume, committed: .anyone) == [])
  }

  @Test(
    "mounts and loop devices on it count", .enabled(if: Shell.exists("mkfs.ext4")))
  func mounted() throws {
    let volume = try backend.disk()
    // A child of another test can hold what was just closed here until it runs its program.
    try temporary.shell(
      "for i in 1 2 3 4 5; do mkfs.ext4 -q '\(device.path)' && break; sleep 0.2; done;"
        + " mkdir m && mount '\(device.path)' m")
    defer { _ = Shell.run("umount '\(temporary.path)/m'") }
    let mount = "the mount '\(temporary.path)/m'"
    #expect(try backend.holders(of: volume, committed: .writers) == [mount])
    let loop = try temporary.shell("losetup -f --show '\(device.path)'").trimmed
    defer { _ = Shell.run("losetup -d '\(loop)'") }
    #expect(try backend.holders(of: volume, committed: .writers) == [mount, loop])
  }

  @Test("a record of another device is none")
  func records() throws {
    let name = try VolumeName("disk")
    let records = backend.records
    #expect(try records.record(of: name, identity: "loop") == nil)
    try records.set(VolumeRecord(format: .raw), of: name, identity: "loop")
    #expect(try records.record(of: name, identity: "loop")?.format == .raw)
    #expect(try records.record(of: name, identity: "other") == nil)
    #expect(try records.names() == [name])
    try records.set(nil, of: name, identity: "loop")
    try records.set(nil, of: name, identity: "loop")
    #expect(try records.names() == [])
  }

  @Test("content made for other sectors is refused, unless users know better")
  func sectors() throws {
    let large = try LoopDevice(mebibytes: 8, sector: 4096)
    let other = try LoopPool(on: large, below: temporary).disk()
    #expect(other.sectorSize == 4096)
    let volume = try backend.disk()
    #expect(
      failure { () throws(StorageError) in
        try SectorSize.check(volume.sectorSize, fits: 4096, other.subject)
      }?.code == .badInput)
    try SectorSize.check(4096, fits: 4096, other.subject)
  }
}
