import StorageConf
import StorageCore
import StorageModel
import StorageOS

/// Measuring one volume.
extension FileBackend {
  /// What is known of one volume; nil where there is none.
  ///
  /// Sizes are those of the device: the working copy's where there is one, else the committed state's.
  /// - Parameter hasRecord: whether a record is there, where the listing knows it.
  func describe(_ name: VolumeName, in folder: Folder, hasRecord: Bool?)
    -> Volume?
  {
    let files = files(name)
    var record: VolumeRecord?
    var problem: String?
    var isUnreadable = false
    var hasWorkingCopy = false
    var hasCommitted = false
    if hasRecord != false {
      do throws(StorageError) { record = try self.record(of: files, in: folder) } catch {
        problem = error.text
        isUnreadable = true
      }
    }
    let lifecycle = record?.lifecycle ?? LifecycleSettings()
    var properties = lifecycle.resolved(with: pool.lifecycle)
    let saves = properties.kind.savesState
    var definition = VolumeDefinition(name: name, lifecycle: lifecycle)
    let path = path(of: name)
    definition.key = path.text
    definition.target.path = path
    do throws(StorageError) {
      if hasRecord != false || !files.isPlain {
        hasWorkingCopy = try folder.status(files.sidePath(files.working)) != nil
      }
      if hasWorkingCopy {
        // Revisions were disabled for the whole pool while this volume had an uncommitted session, which must be
        // committed or dropped before anything can change in place.
        if properties.kind == .inPlace, files.isPlain { properties.revisionsToKeep = .count(0) }
        let file = files.sidePath(files.working)
        _ = try measure(file, record, in: folder, &definition, &problem)
        if saves { hasCommitted = try folder.status(files.committedPath) != nil }
      } else if saves {
        hasCommitted = try measure(
          files.committedPath, record, in: folder, &definition, &problem)
      } else {
        definition.target.format = record?.format ?? .raw
        definition.capacity = try capacityAtStart(record, properties, in: folder)
        definition.allocation = 0
      }
    } catch {
      problem = problem ?? error.text
    }
    if saves, !hasCommitted, !hasWorkingCopy, problem == nil { return nil }
    if !saves, record == nil { return nil }
    if saves, !hasCommitted, properties.kind != .inPlace {
      problem = problem ?? "committed state '\(path)' is missing"
    }
    var volume = Volume(
      definition: definition, properties: properties, hasCommitted: hasCommitted,
      hasWorkingCopy: hasWorkingCopy, problem: problem)
    volume.hasUnreadableRecord = isUnreadable
    volume.sectorSize = record?.sectorSize
    volume.hasRecordedFormat = record?.format != nil || driver.usesQubesLayout
    volume.isOwnDevice = properties.kind == .inPlace && files.isPlain
    if hasWorkingCopy, let source = properties.source {
      let held = try? folder.status(heldSourcePath(of: volume))?.identity
      volume.isOutdated =
        held != nil && held != (try? folder.status(self.files(source).committedPath)?.identity)
    }
    return volume
  }

  /// The record of a volume; nil where it has none.
  func record(of files: VolumeFiles, in folder: Folder) throws(StorageError) -> VolumeRecord? {
    let path = "\(files.recordFolder)/\(VolumeFiles.record)"
    guard let file = try folder.openIfPresent(path) else { return nil }
    let bytes = try file.readAll(limit: 65536)
    do throws(ConfProblem) {
      return try VolumeRecord.read(bytes, file: file.path.text)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The size that a stopped volume without own state will have when started.
  private func capacityAtStart(
    _ record: VolumeRecord?, _ properties: LifecycleProperties, in folder: Folder
  ) throws(StorageError) -> ByteCount {
    guard properties.snapOnStart, let source = properties.source else { return record?.size ?? 0 }
    var definition = VolumeDefinition(name: source)
    var problem: String?
    let files = files(source)
    _ = try measure(
      files.committedPath, try? self.record(of: files, in: folder), in: folder, &definition,
      &problem)
    return definition.capacity ?? 0
  }

  /// What a file that holds a state of the volume measures; nil where there is none.
  func sizes(ofState file: String, of volume: Volume, in folder: Folder) throws(StorageError)
    -> VolumeDefinition?
  {
    var definition = VolumeDefinition(name: volume.name)
    var problem: String?
    let record = try? record(of: files(volume.name), in: folder)
    return try measure(file, record, in: folder, &definition, &problem) ? definition : nil
  }

  /// Fills in what a file says of its volume.
  /// - Returns: false where there is no such file.
  private func measure(
    _ file: String, _ record: VolumeRecord?, in folder: Folder,
    _ definition: inout VolumeDefinition, _ problem: inout String?
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
          try probe(opened, size: status.size, record, &definition, &problem)
        } catch {
          problem = error.text
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
  /// file without blocks has no header, unless it is so small that the file system may keep it in the inode.
  private func mayHaveHeader(_ status: FileStatus, _ record: VolumeRecord?) -> Bool {
    (record?.format?.isRaw != true || record?.encryption != nil) && !driver.usesQubesLayout
      && (status.allocated > 0 || status.size <= 4096)
  }

  /// Reads an image's header.
  private func probe(
    _ file: Descriptor, size: ByteCount, _ record: VolumeRecord?,
    _ definition: inout VolumeDefinition,
    _ problem: inout String?
  ) throws(StorageError) {
    let format = record?.format
    let facts: ImageFacts
    do {
      facts = try ImageProbe.probe(size: size) { try file.read(at: $0, count: $1) }
    } catch let error as StorageError {
      throw error
    } catch {
      return
    }
    definition.target.format = format ?? facts.format
    // Formats without a magic number are never recognised; there the record is all there is.
    if let format, format != facts.format, facts.format != .raw || format.hasMagic {
      problem = "is not of format \(format.rawValue), as recorded"
      return
    }
    problem = facts.problem ?? problem
    definition.capacity = facts.capacity ?? size
    // libvirt has no <compat> for the first version.
    definition.target.compat = facts.compat == "0.10" ? nil : facts.compat
    definition.target.clusterSize = facts.clusterSize
    definition.target.features = facts.describedFeatures
    if record?.encryption != nil, facts.encryption == nil {
      problem = problem ?? "is not encrypted, as recorded"
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
