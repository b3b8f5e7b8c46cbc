import StorageBackend
import StorageConf
import StorageModel
import StorageOS

/// Measuring one volume.
extension FileBackend {
  /// What is known of one volume; nil where there is none.
  ///
  /// Sizes are those of the device: the working copy's where there is one, else the committed state's. What could not
  /// be read is in the volume's `problem`, and where it was the system that failed, in its `failure` too.
  /// - Parameter hasRecord: whether a record is there, where the listing knows it.
  /// - Throws: where it cannot be told whether the volume, its working copy or its committed state is there.
  func describe(_ name: VolumeName, in folder: Folder, hasRecord: Bool?) throws(StorageError)
    -> Volume?
  {
    let files = files(name)
    var record: VolumeRecord?
    var trouble = Trouble()
    var isUnreadable = false
    var hasWorkingCopy = false
    var hasCommitted = false
    if hasRecord != false {
      do throws(StorageError) { record = try self.record(of: files, in: folder) } catch {
        trouble.note(error)
        isUnreadable = true
      }
    }
    let lifecycle = record?.lifecycle ?? LifecycleSettings()
    var properties = lifecycle.resolved(with: pool.lifecycle)
    let saves = properties.kind.savesState
    // It is zeroes at every start, whatever it was when it was a snapshot.
    if properties.kind == .volatile { record?.format = .raw }
    var definition = VolumeDefinition(name: name, lifecycle: lifecycle)
    let path = path(of: name)
    definition.key = path.text
    definition.target.path = path
    // Nothing is below what stands in the place of a folder.
    let isBlocked = isUnreadable ? try recordObstacle(of: files, in: folder) != nil : false
    if !files.isPlain || hasRecord != false && !isBlocked {
      hasWorkingCopy = try folder.status(files.sidePath(files.working)) != nil
    }
    if hasWorkingCopy {
      // Revisions were disabled for the whole pool while this volume had an uncommitted session, which must be
      // committed or dropped before anything can change in place.
      // In Qubes' layout a session without revisions has no committed state beside it.
      let isThere = try folder.status(files.committedPath) != nil
      if properties.kind == .inPlace, files.isPlain || isThere {
        properties.revisionsToKeep = .count(0)
      }
      let file = files.sidePath(files.working)
      _ = try measure(file, record, in: folder, &definition, &trouble)
      hasCommitted = saves && isThere
    } else if saves {
      hasCommitted = try measure(files.committedPath, record, in: folder, &definition, &trouble)
    } else {
      let atStart = try stateAtStart(record, properties, in: folder, &trouble)
      definition.target.format = atStart.format
      definition.capacity = atStart.capacity
      (definition.allocation, definition.physical) = (0, 0)
    }
    if saves, !hasCommitted, !hasWorkingCopy, trouble.problem == nil { return nil }
    if !saves, record == nil { return nil }
    if saves, !hasCommitted, properties.kind != .inPlace {
      trouble.note("committed state '\(path)' is missing")
    }
    var volume = Volume(
      definition: definition, properties: properties, hasCommitted: hasCommitted,
      hasWorkingCopy: hasWorkingCopy, problem: trouble.problem)
    volume.failure = trouble.failure
    volume.hasDataElsewhere = trouble.hasDataElsewhere
    volume.hasRecord = record != nil || isUnreadable
    volume.hasUnreadableRecord = isUnreadable
    volume.sectorSize = record?.sectorSize
    volume.hasRecordedFormat = record?.format != nil || driver.usesQubesLayout
    volume.isOwnDevice = properties.kind == .inPlace && files.isPlain
    if hasWorkingCopy, let source = properties.source {
      let held = try folder.status(heldSourcePath(of: volume))?.identity
      let present = try folder.status(self.files(source).committedPath)?.identity
      volume.isOutdated = held != nil && held != present
    }
    if !isUnreadable, hasRecord != false || !files.isPlain {
      volume.contradiction = try contradiction(of: volume, in: folder)
    }
    volume.take(record?.unfinished, in: pool.name)
    return volume
  }

  /// The record of a volume; nil where it has none.
  func record(of files: VolumeFiles, in folder: Folder) throws(StorageError) -> VolumeRecord? {
    let path = "\(files.recordFolder)/\(VolumeFiles.record)"
    let opened: Descriptor?
    do throws(StorageError) { opened = try folder.openIfPresent(path) } catch {
      guard error.isUnfollowedLink else { throw error }
      throw try recordObstacle(of: files, in: folder)
        ?? StorageError(.badInput, error.subject, "is a symbolic link; not followed")
    }
    guard let file = opened else {
      if let obstacle = try recordObstacle(of: files, in: folder) { throw obstacle }
      return nil
    }
    guard try file.status().kind == .regular else {
      throw StorageError(.badInput, file.path.text, "is no file, as a record should be")
    }
    let bytes = try file.readAll(limit: 65536)
    do throws(ConfProblem) {
      return try VolumeRecord.read(bytes, file: file.path.text)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// What keeps a volume from having a record: something that is no folder stands where that of the record should be, or
  /// above it; nil where nothing does.
  func recordObstacle(of files: VolumeFiles, in folder: Folder) throws(StorageError)
    -> StorageError?
  {
    var place = VolumeFiles.records
    for part in files.name.components {
      place += "/\(part)"
      guard let status = try folder.status(place) else { return nil }
      if status.kind == .folder { continue }
      return StorageError(
        .badInput, folder.path.appending(place).text,
        status.kind == .symbolicLink
          ? "is a symbolic link; not followed" : "is no directory, as that of a record should be")
    }
    return nil
  }

  /// What a stopped volume without own state will be when started: its source as that is now, else zeroes.
  /// - Returns: no capacity where that is not known.
  private func stateAtStart(
    _ record: VolumeRecord?, _ properties: LifecycleProperties, in folder: Folder,
    _ trouble: inout Trouble
  ) throws(StorageError) -> (format: VolumeFormat, capacity: ByteCount?) {
    let recorded = record?.format ?? .raw
    guard properties.snapOnStart, let source = properties.source else {
      return (recorded, record?.size ?? 0)
    }
    var definition = VolumeDefinition(name: source)
    let files = files(source)
    var found = Trouble()
    do throws(StorageError) {
      let record = try self.record(of: files, in: folder)
      _ = try measure(files.committedPath, record, in: folder, &definition, &found)
    } catch {
      found.note(error)
    }
    trouble.note(found, of: "its source '\(source)'")
    return (definition.target.format ?? recorded, definition.capacity)
  }

  /// What a file that holds a state of the volume measures; nil where there is none.
  /// - Throws: also where that cannot be read.
  func sizes(ofState file: String, of volume: Volume, in folder: Folder) throws(StorageError)
    -> VolumeDefinition?
  {
    var definition = VolumeDefinition(name: volume.name)
    var trouble = Trouble()
    let record = try record(of: files(volume.name), in: folder)
    let isThere = try measure(file, record, in: folder, &definition, &trouble)
    if let failure = trouble.failure { throw failure }
    return isThere ? definition : nil
  }

  /// Fills in what a file says of its volume.
  /// - Returns: false where there is no such file.
  private func measure(
    _ file: String, _ record: VolumeRecord?, in folder: Folder,
    _ definition: inout VolumeDefinition, _ trouble: inout Trouble
  ) throws(StorageError) -> Bool {
    guard let status = try folder.status(file) else { return false }
    definition.target.permissions = Permissions(
      mode: status.mode & 0o777, owner: status.owner, group: status.group)
    definition.target.timestamps = status.timestamps
    switch status.kind {
    case .folder:
      definition.kind = .dir
      definition.target.format = .dir
      (definition.capacity, definition.allocation, definition.physical) = (0, 0, 0)
    case .regular:
      definition.capacity = status.size
      definition.allocation = status.allocated
      definition.physical = status.size
      definition.target.format = record?.format ?? .raw
      if mayHaveHeader(status, record) {
        do throws(StorageError) {
          let opened = try folder.open(file, flags: Descriptor.readOnly)
          try probe(opened, size: status.size, record, &definition, &trouble)
        } catch {
          if error.isAbsence { return false }
          definition.capacity = nil
          definition.target.format = record?.format
          trouble.note(error)
        }
      }
    default:
      // Devices, sockets, FIFOs and symbolic links are no volumes.
      return false
    }
    return true
  }

  /// Whether a file's header is worth reading.
  ///
  /// Not where the record says that the file is raw: then what a guest may have written into it means nothing,
  /// unless it is encrypted as a whole, behind a header that no guest sees. In Qubes' layout everything is raw. A
  /// file without blocks has no header, unless it is so small that the file system may keep it in the inode; where the
  /// record says that it must have one, it is looked for all the same.
  private func mayHaveHeader(_ status: FileStatus, _ record: VolumeRecord?) -> Bool {
    guard !driver.usesQubesLayout else { return false }
    if let format = record?.format {
      if !format.isRaw { return true }
      if record?.encryption == nil { return false }
    }
    return status.allocated > 0 || status.size > 0 && status.size <= 4096
  }

  /// Reads an image's header.
  private func probe(
    _ file: Descriptor, size: ByteCount, _ record: VolumeRecord?,
    _ definition: inout VolumeDefinition, _ trouble: inout Trouble
  ) throws(StorageError) {
    let format = record?.format
    let facts = try ImageProbe.probe(file, size: size, as: format)
    definition.target.format = format ?? facts.format
    // Of what is not understood, the size of the container says nothing.
    definition.capacity = nil
    if let format, format != facts.format {
      trouble.note("is not of format \(format.rawValue), as recorded")
      return
    }
    trouble.note(facts.obstacle)
    trouble.hasDataElsewhere = facts.hasDataElsewhere
    if facts.problem == nil { definition.capacity = facts.capacity ?? size }
    // libvirt has no <compat> for the first version.
    definition.target.compat = facts.compat == "0.10" ? nil : facts.compat
    definition.target.clusterSize = facts.clusterSize
    definition.target.features = facts.describedFeatures
    if record?.encryption != nil, facts.encryption == nil {
      trouble.note("is not encrypted, as recorded")
    }
    if let encryption = facts.encryption {
      definition.target.encryption = Encryption(format: encryption)
      definition.target.encryption?.secrets = record?.encryption?.secrets ?? []
    }
    if let backing = facts.backing {
      definition.backingStore = BackingStore(
        path: backing.resolved(beside: path(of: definition.name)), format: backing.format)
    }
  }
}
