import StorageBackend
import StorageModel
import StorageOS
import Zstandard

extension Storage {
  /// What is asked of an import.
  package struct ImportOptions: Sendable {
    package var size = ImportSize.automatic
    package var decompression = Decompression.automatic
    package var check = ContentCheck()
    /// The sectors that the content is made for; nil means those of a device, else the usual ones.
    package var sectorSize: ByteCount?
    /// What the content is; converted where the volume is something else.
    ///
    /// nil means what the volume is.
    package var format: VolumeFormat?
    /// The volume that an overlay among the content may have below it.
    package var base: String?
    package init() {}
  }

  /// What an import's input must measure, decompressed.
  package enum ImportSize: Sendable {
    /// A file's own size; of a pipe, and of what is compressed, the volume's present size.
    case automatic
    /// The volume's present size.
    case keep
    case exactly(ByteCount)
  }

  /// Whether an import's input is decompressed.
  package enum Decompression: String, CaseIterable, Sendable {
    /// If it begins as Zstandard does, and cannot be what is to be imported as it is.
    case automatic = "auto"
    case none
    case zstd
  }

  /// What an import found.
  package struct ImportResult: Sendable {
    /// Whether the input was decompressed.
    package var wasCompressed = false
    /// The checksum, if it was asked for.
    package var sum: Checksum?
  }

  /// Replaces a volume's content by what `source` gives from its position on; the old state becomes a revision.
  ///
  /// - Throws: `badInput` where more or fewer bytes come, or others than the checksum says; then nothing has changed.
  package func importVolume(
    _ text: String, in poolText: String?, from source: Descriptor, _ options: ImportOptions
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, ImportResult) {
    var result = ImportResult()
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      let size = try source.contentSize().map { $0 - source.position }
      try importingData(into: volume, size: size, in: pool, steps) { () throws(StorageError) in
        result = try importData(source, into: volume, options, in: pool, backend, steps)
      }
    }
    return (change, pool, name, result)
  }

  /// Does that, with the volume locked.
  private func importData(
    _ source: Descriptor, into volume: Volume, _ options: ImportOptions, in pool: ActivePool,
    _ backend: any ContentBackend, _ steps: Steps
  ) throws(StorageError) -> ImportResult {
    var result = ImportResult()
    try checkIsNotItself(volume, source)
    let acceptance = try acceptance(
      of: source, for: volume, declared: options.format, base: options.base, in: pool, backend)
    if acceptance.isConverted {
      result.sum = try importConverted(
        source, acceptance, options, pool: pool, backend: backend, steps)
      return result
    }
    let present = volume.definition.physical ?? volume.capacity
    let input = try ImportInput(source, options, present: present, isDryRun: isDryRun)
    if let warning = input.warning { steps.warn(warning) }
    var sectors = options.sectorSize ?? SectorSize.usual
    if options.sectorSize == nil { sectors = try SectorSize.ofContent(source) }
    if volume.definition.kind == .block {
      try SectorSize.check(sectors, fits: volume.sectorSize ?? SectorSize.usual, volume.subject)
    }
    try checkIsNoBase(volume, in: pool, steps)
    try checkUnused(volume, backend, committed: .anyone, steps)
    var warning: String?
    let seen = input.isCompressed ? nil : try source.contentSize().map { $0 - input.start }
    try acceptance.requireForesight(isSeen: seen != nil)
    if let size = seen {
      // What has a size is looked at before anything else, so that nothing is copied for nothing.
      warning = try judge(acceptance, size: size, steps) { offset, count throws(StorageError) in
        try source.read(at: input.start.bytes + offset, count: count)
      }.warning
    }
    result.wasCompressed = input.isCompressed
    if !backend.replacesAtomically, !isDryRun {
      // Before anything of the volume is touched: afterwards there is no way back.
      try input.transfer(to: source).examine(options.check, of: source.path.text)
    }
    try backend.replaceCommitted(of: volume, size: input.expected ?? present, steps) {
      target throws(StorageError) in
      var transfer = input.transfer(to: target)
      transfer.progress = steps.progress
      let (done, sum) = try transfer.run(options.check, of: source.path.text)
      result.sum = sum
      try input.checkIsNotAmbiguous()
      guard backend.replacesAtomically else { return }
      // What was written, not what was looked at before: somebody else may own the input.
      warning = try judge(acceptance, size: done.size, steps) {
        offset, count throws(StorageError) in try target.read(at: offset, count: count)
      }.warning
    }
    if !backend.replacesAtomically, !isDryRun,
      try source.contentSize() == nil || input.isCompressed
    {
      let written = try backend.openCommitted(volume, revision: nil)
      warning = try judge(acceptance, size: input.expected ?? present, steps) {
        offset, count throws(StorageError) in try written.read(at: offset, count: count)
      }.warning
    }
    if let warning { steps.warn(warning) }
    if sectors != volume.sectorSize ?? SectorSize.usual {
      try backend.setSectorSize(
        sectors == SectorSize.usual ? nil : sectors, of: volume, steps)
    }
    return result
  }

  /// Refuses to write a volume's own file over itself.
  func checkIsNotItself(_ volume: Volume, _ file: Descriptor) throws(StorageError) {
    guard let path = volume.definition.target.path,
      try FileStatus.ifPresent(path)?.identity == file.status().identity
    else { return }
    throw StorageError(.badInput, file.path.text, "is the volume itself")
  }
}

/// The input of an import: how large it must be, and whether it is compressed.
///
/// A guest can make its disk look like anything. So nothing that could be imported as it is gets decompressed without
/// being asked: not a file of just the size that the volume has, nor a stream that turns out to have it.
struct ImportInput {
  let isCompressed: Bool
  /// Whether it could not be told if it is: it was not to be read.
  let isUntold: Bool
  /// What users should know.
  private(set) var warning: String?
  private let source: Descriptor
  /// Where the source was found; looking for holes moves it.
  let start: ByteCount
  /// How many bytes must come, decompressed; nil where whatever comes is taken, of a volume that is not there yet.
  let expected: ByteCount?
  private let decides: Bool
  private var prefix: [UInt8] = []
  private let decoder = Decoder()

  /// Remembers the decoder, to ask it afterwards.
  private final class Decoder { var zstd: ZstandardDecoder? }

  init(
    _ source: Descriptor, _ options: Storage.ImportOptions, present: ByteCount?, isDryRun: Bool
  ) throws(StorageError) {
    self.source = source
    start = source.position
    let content = try source.contentSize().map { [start] in $0 - start }
    var asked: ByteCount?
    if case .exactly(let size) = options.size { asked = size }
    decides = options.decompression == .automatic
    isUntold = decides && content == nil && isDryRun
    var isCompressed = options.decompression == .zstd
    if decides {
      if content != nil {
        prefix = try source.read(at: start.bytes, count: 4)
      } else if !isDryRun {
        prefix = try source.readPrefix(4)
      }
      if ZstandardDecoder.recognises(prefix) {
        // How much comes of a stream is known afterwards only.
        isCompressed = content == nil || content != asked ?? present
        if !isCompressed {
          warning =
            "'\(source.path)' begins like zstd, but has the size of the volume: it is taken as it is"
        }
      }
    }
    self.isCompressed = isCompressed
    switch options.size {
    case .exactly(let size): expected = size
    case .keep: expected = present
    case .automatic: expected = isCompressed ? present : content ?? present
    }
    if content != nil { prefix = [] }
    if let content, !isCompressed, let expected, content != expected {
      let problem = content < expected ? "not enough data" : "too much data"
      throw StorageError(
        .badInput, source.path.text,
        "\(problem): has \(content.bytes) bytes, expected \(expected.bytes)")
    }
  }

  func transfer(to target: Descriptor) -> Transfer {
    var transfer = Transfer(from: source, to: target)
    transfer.sourceStart = start
    transfer.amount = expected.map { .exactly($0) } ?? .all(limit: nil)
    transfer.prefix = prefix
    guard isCompressed else { return transfer }
    let (name, decoder) = (source.path.text, decoder)
    transfer.decode = { content throws(StorageError) in
      let zstd = try ZstandardDecoder(content, named: name)
      decoder.zstd = zstd
      return zstd
    }
    return transfer
  }

  /// Refuses a stream that was decompressed without being asked and turns out to have just the size of the volume.
  func checkIsNotAmbiguous() throws(StorageError) {
    guard isCompressed, decides, let expected, decoder.zstd?.consumed == expected.bytes else {
      return
    }
    throw StorageError(
      .badInput, source.path.text, "is valid zstd, but also has the size of the volume",
      hint: "Say which it is: --decompress zstd or --decompress none.")
  }
}
