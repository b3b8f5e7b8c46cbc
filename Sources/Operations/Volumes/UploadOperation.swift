import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// What is asked of an upload.
  package struct UploadOptions: Sendable {
    /// Where in the volume it goes, and how much may come at most.
    package var part = ContentPart.all
    /// Whether the holes of what comes become holes in the volume; otherwise the volume keeps its blocks.
    package var isSparse = false
    package var check = ContentCheck()
    /// What the content is, and the volume from then on; nil means what the volume is.
    package var format: VolumeFormat?
    /// The volume that an overlay among the content may have below it.
    package var base: String?
    package init() {}
  }

  /// Writes what `source` gives, from its position on, into a volume's content; the rest and the size stay.
  ///
  /// The file of a volume that changes in place is written to directly. Of any other the new state is made beside the
  /// old one, a copy with the new part in it, and takes its place at the end; the old state becomes a revision. An
  /// image of a format other than raw may grow: its size is in its header.
  /// - Returns: also the checksum of what came, if it was asked for.
  /// - Throws: `badInput`, before the first byte where that can be known, for what would go past the end.
  package func upload(
    _ text: String, in poolText: String?, from source: Descriptor, _ options: UploadOptions
  ) throws(StorageError) -> (Change, ActivePool, VolumeName, Checksum?) {
    var sum: Checksum?
    let (change, pool, name) = try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      try checkIsNotItself(volume, source)
      // Looking for holes moves it.
      let start = source.position
      // The volume as it is to be afterwards.
      var wanted = volume
      if let format = options.format {
        try checkIsWhole(options, volume)
        try backend.checkFormat(format, of: volume)
        wanted.definition.target.format = format
        wanted.definition.backingStore = nil
      }
      let acceptance = try acceptance(
        of: source, for: wanted, declared: options.format, base: options.base, in: pool, backend)
      // What is written into the middle of an image leaves no image.
      let isWhole = options.format != nil || !acceptance.format.isRaw && !isForced
      if options.part.offset > 0, isWhole || acceptance.isExacting && !isForced {
        throw refusalOfPart(of: wanted)
      }
      let limit = try uploadLimit(source, from: start, into: wanted, options.part)
      let offset = options.part.offset
      let size = volume.definition.physical ?? volume.capacity
      let room = try source.contentSize().map { $0 - start } ?? limit ?? size
      let part = UnfinishedChange.upload(offset.bytes..<(offset.adding(room) ?? .maximum).bytes)
      try checkSettles(part, volume)
      try checkIsNoBase(volume, in: pool, steps)
      try checkUnused(volume, backend, committed: .anyone, steps)
      var warning: String?
      try acceptance.requireForesight(isSeen: source.contentSize() != nil)
      if let content = try source.contentSize().map({ $0 - start }), !isDryRun || offset == 0 {
        warning = try judge(
          acceptance, content, from: source, at: start, into: volume, backend, isWhole: isWhole,
          options.part, steps)
      }
      func transfer(to target: Descriptor) -> Transfer {
        var transfer = Transfer(from: source, to: target)
        transfer.sourceStart = start
        transfer.targetStart = offset
        transfer.amount = .all(limit: limit)
        transfer.keepsBlocks = !options.isSparse
        return transfer
      }
      func write(to target: Descriptor, after prefix: [UInt8] = []) throws(StorageError)
        -> ByteCount
      {
        var transfer = transfer(to: target)
        transfer.prefix = prefix
        transfer.progress = steps.progress
        let (result, found) = try transfer.run(options.check, of: source.path.text)
        sum = found
        return offset + result.size
      }
      // What cannot be read twice is verified while it is written, where that can be taken back; so is whether it is
      // what the volume is.
      let isOneTime = try source.contentSize() == nil && options.check.expected != nil
      let mustBeTakenBack = isOneTime || acceptance.isExacting || options.format != nil
      let isInPlace =
        volume.properties.kind == .inPlace && !(mustBeTakenBack && backend.replacesAtomically)
      if isInPlace || !backend.replacesAtomically, !isDryRun {
        // Before anything of the volume is touched: afterwards there is no way back.
        try transfer(to: source).examine(options.check, of: source.path.text)
      }
      let coming = try source.contentSize().map { $0 - start }
      try importingData(into: volume, size: coming, in: pool, steps) { () throws(StorageError) in
        if isInPlace {
          // The content is whole as long as nothing comes.
          let isStream = try source.contentSize() == nil
          let prefix = isStream && !isDryRun ? try source.readPrefix(1) : []
          try backend.changeCommitted(of: volume, in: part.part ?? 0..<size.bytes, steps) {
            target throws(StorageError) in try write(to: target, after: prefix)
          }
          if let unfinished = volume.unfinished, !isDryRun,
            try changeable(volume.name, in: pool).unfinished != nil
          {
            steps.warn("\(volume.subject): \(unfinished.problem), and this one was shorter")
          }
        } else {
          let old = try backend.openCommitted(volume, revision: nil)
          let size = try old.contentSize() ?? volume.capacity
          try backend.replaceCommitted(of: volume, size: size, steps) {
            target throws(StorageError) in
            if !isWhole {
              try Copy.contents(of: old, to: target, progress: steps.progress)
            }
            try checkSettles(part.ended(at: write(to: target)), volume)
            guard backend.replacesAtomically else { return }
            let size = try target.contentSize() ?? size
            warning = try judge(acceptance, size: size, steps) {
              offset, count throws(StorageError) in try target.read(at: offset, count: count)
            }.warning
          }
        }
      }
      if let format = options.format { try backend.setFormat(format, of: volume, steps) }
      if warning == nil, offset == 0, isInPlace, !isDryRun {
        let written = try backend.openCommitted(volume, revision: nil)
        warning = try judge(acceptance, size: written.contentSize() ?? volume.capacity, steps) {
          offset, count throws(StorageError) in try written.read(at: offset, count: count)
        }.warning
      }
      if let warning, offset == 0 { steps.warn(warning) }
    }
    return (change, pool, name, sum)
  }

  /// Why a part is not written into the middle of what is no bare disk.
  private func refusalOfPart(of volume: Volume) -> StorageError {
    guard let encryption = volume.definition.target.encryption?.format.rawValue else {
      let format = ContentAcceptance.format(of: volume).rawValue
      return StorageError(
        .badInput, volume.subject,
        "is an image of format \(format): a part of its file is not written",
        hint: "--force does it all the same; qemu-img check tells whether it is still an image.")
    }
    return StorageError(
      .badInput, volume.subject,
      "is encrypted by \(encryption): a part of its encrypted bytes, keys among them, is not written",
      hint: "--force does it all the same.")
  }

  /// Refuses a part of what an interrupted command has left half done: the rest would be taken for whole.
  private func checkSettles(_ part: UnfinishedChange, _ volume: Volume) throws(StorageError) {
    guard let unfinished = volume.unfinished, let contradiction = volume.contradiction,
      !part.settles(unfinished, size: volume.definition.physical ?? volume.capacity)
    else { return }
    throw contradiction.refusal(volume.subject)
  }

  /// Refuses to say of a part what the whole is.
  private func checkIsWhole(_ options: UploadOptions, _ volume: Volume) throws(StorageError) {
    guard options.part == .all else {
      throw StorageError(
        .usage, volume.subject, "--format is about the whole content, not about a part of it")
    }
  }

  /// Judges the content as it would be in the volume, before anything is changed.
  private func judge(
    _ acceptance: ContentAcceptance, _ size: ByteCount, from source: Descriptor,
    at start: ByteCount, into volume: Volume, _ backend: any ContentBackend, isWhole: Bool,
    _ part: ContentPart, _ steps: Steps
  ) throws(StorageError) -> String? {
    let offset = part.offset
    func content(_ place: Int64, _ count: Int) throws(StorageError) -> [UInt8] {
      try source.read(at: start.bytes + place, count: count)
    }
    guard acceptance.isExacting, !isWhole else {
      guard offset == 0 else { return nil }
      return try judge(acceptance, size: size, steps, read: content).warning
    }
    let old = try backend.openCommitted(volume, revision: nil)
    let present = try old.contentSize() ?? volume.capacity
    let (first, end) = (offset.bytes, offset.bytes + size.bytes)
    return try judge(acceptance, size: max(present, offset + size), steps) {
      place, count throws(StorageError) in
      var bytes = try old.read(at: place, count: count)
      let (from, to) = (max(place, first), min(place + Int64(count), end))
      guard from < to else { return bytes }
      let new = try content(from - first, Int(to - from))
      let index = Int(from - place)
      if bytes.count < index { bytes += Array(repeating: 0, count: index - bytes.count) }
      bytes.replaceSubrange(index..<max(index, min(bytes.count, index + new.count)), with: new)
      return bytes
    }.warning
  }

  /// How much may come; nil where there is no limit.
  private func uploadLimit(
    _ source: Descriptor, from start: ByteCount, into volume: Volume, _ part: ContentPart
  )
    throws(StorageError) -> ByteCount?
  {
    let size = volume.definition.physical ?? volume.capacity
    func refusal(_ what: String) -> StorageError {
      StorageError(
        .badInput, volume.subject,
        "cannot write \(what) byte \(part.offset.bytes) on: it has \(size.bytes) bytes")
    }
    guard part.offset <= size else { throw refusal("from") }
    let content = try source.contentSize().map { $0 - start }
    if let content, let length = part.length, content > length {
      throw StorageError(
        .badInput, source.path.text,
        "too much data: has \(content.bytes) bytes, expected at most \(length.bytes)")
    }
    let format = volume.definition.target.format
    guard format?.isRaw != false || volume.definition.kind == .block else { return part.length }
    let rest = size - part.offset
    if let content, content > rest { throw refusal("\(content.bytes) bytes from") }
    return min(rest, part.length ?? rest)
  }
}
