import StorageConf
import StorageCore
import StorageHost
import StorageModel
import StorageOS

/// Creating, deleting and resizing volumes.
extension FileBackend {
  package func plan(_ request: VolumeDefinition, _ options: CreationOptions) throws(StorageError)
    -> VolumeDefinition
  {
    var volume = request
    let name = volume.name.text
    if driver.usesQubesLayout,
      let ending = VolumeFiles.reservedEndings.first(where: { name.hasSuffix($0) })
    {
      throw StorageError(
        .badInput, "volume '\(name)'", "names that end in '\(ending)' are kept for working files")
    }
    if isOwnFile(name) {
      throw StorageError(.badInput, "volume '\(name)'", NameProblem.reserved(name).text)
    }
    let format = volume.target.format ?? .raw
    volume.target.format = format
    if format.isRaw {
      // libvirt takes these for raw volumes too and makes nothing of them.
      volume.target.compat = nil
      volume.target.clusterSize = nil
      volume.target.features = nil
    }
    try checkFormat(of: volume, options)
    if format == .qcow2 { volume.target.compat = volume.target.compat ?? "1.1" }
    let path = path(of: volume.name)
    volume.key = path.text
    volume.target.path = path
    let pool = self.pool.target.permissions
    // Never readable by others, whatever the folder is.
    volume.target.permissions.mode =
      volume.target.permissions.mode ?? pool.mode.map { $0 & 0o660 }
      ?? (format == .dir ? 0o700 : 0o600)
    volume.target.permissions.owner = volume.target.permissions.owner ?? pool.owner
    volume.target.permissions.group = volume.target.permissions.group ?? pool.group
    volume.target.permissions.label = volume.target.permissions.label ?? pool.label
    return volume
  }

  /// Makes the record, then the file; the file's appearance under its name is what makes the volume.
  ///
  /// Capacity and allocation as in libvirt: allocation missing or equal to the capacity reserves all blocks, a
  /// smaller one that many, zero none. Volumes that keep no state get a record only.
  package func create(_ volume: VolumeDefinition, _ options: CreationOptions, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(volume.name)
    if volume.target.format == .dir { return try createFolder(volume, files, steps) }
    try writeRecord(of: volume, for: files, steps)
    guard volume.lifecycle.resolved(with: pool.lifecycle).kind.savesState else { return }
    guard volume.target.format?.isRaw == true, volume.target.encryption == nil else {
      return try createImage(volume, files, options, steps)
    }
    let capacity = volume.capacity ?? 0
    let allocation = min(volume.allocation ?? capacity, capacity)
    try steps.run(
      "create file '\(path(of: volume.name))' of \(capacity.bytes) bytes,"
        + " \(allocation.bytes) allocated"
    ) { () throws(StorageError) in
      try makeCommittedFile(volume, files) { file throws(StorageError) in
        try file.setSize(capacity)
        try file.allocate(to: allocation)
      }
    }
  }

  /// Makes the file of a new volume, which appears whole under its name or not at all.
  /// - Parameter named: whether `fill` needs to reach the file by a path.
  func makeCommittedFile(
    _ volume: VolumeDefinition, _ files: VolumeFiles, named: Bool = false,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let home = try home(of: files, making: true)
    try home.makeFile(
      files.committed, mode: volume.target.permissions.mode ?? 0o600, replacing: false,
      named: named, temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil
    ) { file throws(StorageError) in
      try setAttributes(volume.target, of: file)
      try fill(file)
    }
  }

  /// Writes the record of a new volume, which goes again if the volume does not come about.
  func writeRecord(
    of volume: VolumeDefinition, for files: VolumeFiles, sectorSize: ByteCount? = nil,
    _ steps: Steps
  ) throws(StorageError) {
    var record = VolumeRecord()
    record.sectorSize = sectorSize == SectorSize.usual ? nil : sectorSize
    record.format = volume.target.format
    record.lifecycle = volume.lifecycle
    if let encryption = volume.target.encryption {
      record.encryption = Encryption(format: encryption.format)
      record.encryption?.secrets = encryption.secrets
    }
    if volume.lifecycle.resolved(with: pool.lifecycle).kind == .volatile {
      record.size = volume.capacity ?? 0
    }
    try writeNew(record, for: files, steps)
  }

  /// Makes a volume that is a folder.
  private func createFolder(_ volume: VolumeDefinition, _ files: VolumeFiles, _ steps: Steps)
    throws(StorageError)
  {
    try steps.run("make directory '\(path(of: volume.name))'") { () throws(StorageError) in
      let home = try home(of: files, making: true)
      let temporary = "\(VolumeFiles.newFilePrefix)~\(randomSuffix())"
      try home.makeFolder(temporary, mode: volume.target.permissions.mode ?? 0o700)
      do throws(StorageError) {
        try setAttributes(volume.target, of: home.folder(temporary).descriptor)
        try home.rename(temporary, to: files.committed, exclusive: true)
      } catch {
        try home.removeFolder(temporary)
        throw error
      }
      try home.sync()
    }
  }

  private func setAttributes(_ target: VolumeTarget, of file: Descriptor) throws(StorageError) {
    let permissions = target.permissions
    try file.setOwner(permissions.owner, group: permissions.group)
    if let label = permissions.label, file.label() != nil { try file.setLabel(label) }
    guard target.noCopyOnWrite, file.copyOnWriteIsOff() == false else { return }
    do throws(StorageError) { try file.setCopyOnWrite(false) } catch {
      // Where blocks are never copied on write, the wish is granted.
      guard error.code == .unsupported else { throw error }
    }
  }

  /// The folder that a volume's committed state lies in.
  func home(of files: VolumeFiles, making: Bool = false) throws(StorageError) -> Folder {
    let folder = try folder()
    if files.home.isEmpty { return folder }
    return making
      ? try folder.makeFolders(files.home, mode: 0o711) : try folder.folder(files.home)
  }

  /// The folder that a volume's other files lie in.
  func side(of files: VolumeFiles, making: Bool = false) throws(StorageError) -> Folder {
    let folder = try folder()
    if files.side.isEmpty { return folder }
    return making
      ? try folder.makeFolders(files.side, mode: 0o711) : try folder.folder(files.side)
  }

  /// Writes a volume's record whole.
  func write(_ record: VolumeRecord, for files: VolumeFiles, _ steps: Steps) throws(StorageError) {
    try steps.run("write record '\(recordPath(of: files))'") { () throws(StorageError) in
      try store(record, for: files)
    }
  }

  /// Writes the record of a new volume, which goes again if the volume does not come about.
  private func writeNew(_ record: VolumeRecord, for files: VolumeFiles, _ steps: Steps)
    throws(StorageError)
  {
    try steps.run(
      "write record '\(recordPath(of: files))'",
      undo: { () throws(StorageError) in try removeRecord(of: files) }
    ) { () throws(StorageError) in
      do throws(StorageError) { try store(record, for: files) } catch {
        // A full disk takes the folder, but not the file in it.
        try? removeRecord(of: files)
        throw error
      }
    }
  }

  private func recordPath(of files: VolumeFiles) -> Path {
    (pool.target.path ?? Path("/")).appending(files.recordFolder).appending(VolumeFiles.record)
  }

  private func store(_ record: VolumeRecord, for files: VolumeFiles) throws(StorageError) {
    let text: String
    do throws(ConfProblem) { text = try record.text(file: recordPath(of: files).text) } catch {
      throw StorageError(.badInput, "", error.text)
    }
    try folder().makeFolders(files.recordFolder, mode: 0o711).write(text, to: VolumeFiles.record)
  }

  /// Removes a volume's record and its folder, and folders above that became empty.
  func removeRecord(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    guard let records = try folder.folderIfPresent(files.recordFolder) else { return }
    try records.remove(VolumeFiles.record)
    try records.sync()
    var path = Path(files.recordFolder)
    while path.text != VolumeFiles.records {
      do throws(StorageError) { try folder.removeFolder(path.text) } catch {
        // Another volume's record is below.
        guard error.code == .exists else { throw error }
        return
      }
      path = path.parent
      try folder.folder(path.text).sync()
    }
  }

  /// Removes a volume whole.
  ///
  /// Its committed state first gets a name that says so: from then on the volume is gone, and what
  /// an interruption leaves is known to be unwanted.
  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    let files = files(volume.name)
    let path = path(of: volume.name)
    if volume.definition.kind == .dir {
      return try steps.run("remove directory '\(path)'") { () throws(StorageError) in
        let home = try home(of: files)
        try home.removeFolder(files.committed)
        try home.sync()
      }
    }
    try steps.run("remove volume '\(path)' with its revisions and its record") {
      () throws(StorageError) in
      let folder = try folder()
      let hasSide = try folder.status(files.recordFolder) != nil || !files.isPlain
      guard hasSide else {
        let home = try home(of: files)
        try home.remove(files.committed)
        return try home.sync()
      }
      if !volume.properties.kind.savesState { try dropHeldSource(of: volume) }
      if volume.hasCommitted {
        let home = try home(of: files)
        let side = try side(of: files, making: true)
        try home.rename(files.committed, to: files.deleted, in: side)
        try home.sync()
      }
      // NFS only renames a file that is open, and its folder stays. Nobody finds the volume any more.
      steps.letGo()
      try removeRest(of: files)
    }
  }

  /// Removes everything of a volume but its committed state.
  func removeRest(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    let sideFolder = files.side.isEmpty ? folder : try folder.folderIfPresent(files.side)
    if let side = sideFolder {
      var names = [files.working, files.importing, files.deleted]
      names += files.precache.map { [$0] } ?? []
      names += try side.entries().filter {
        files.revision(of: $0.name) != nil || files.isTemporary($0.name)
          || files.isPlain && $0.kind == .symbolicLink
      }.map(\.name)
      // The file that tells of the deletion goes last.
      for name in names.filter({ $0 != files.deleted }) + [files.deleted] { try side.remove(name) }
      try side.sync()
    }
    if let records = try folder.folderIfPresent(files.recordFolder) {
      try records.remove(VolumeFiles.heldSource)
    }
    try removeRecord(of: files)
    guard !files.isPlain, !files.home.isEmpty else { return }
    do throws(StorageError) { try folder.removeFolder(files.home) } catch {
      guard error.code == .exists else { throw error }
    }
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    let files = files(volume.name)
    if !working, !volume.properties.kind.savesState {
      var record = try self.record(of: files, in: folder()) ?? VolumeRecord()
      record.size = capacity
      return try write(record, for: files, steps)
    }
    let name =
      working && volume.hasWorkingCopy ? files.sidePath(files.working) : files.committedPath
    let folder = try folder()
    let path = folder.path.appending(name)
    guard volume.definition.target.format?.isRaw != false,
      volume.definition.target.encryption == nil
    else {
      return try resizeImage(volume, name, to: capacity, allocate: allocate, steps)
    }
    try steps.run(
      "set size of '\(path)' to \(capacity.bytes) bytes\(allocate ? ", allocated" : "")"
    ) { () throws(StorageError) in
      if name == files.committedPath { try prepareChange(of: files) }
      let file = try folder.openForWriting(name)
      let before = try file.status().size
      // Blocks first: where they cannot be had, the size has not changed.
      if allocate, capacity > before {
        do throws(StorageError) { try file.allocate(from: before, to: capacity) } catch {
          try file.setSize(before)
          throw error
        }
      }
      try file.setSize(capacity)
      try file.sync()
      try refreshLoops(on: file)
    }
  }

  /// Makes sure that changing the committed state in place changes nothing else.
  func prepareChange(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    if let precache = files.precache { try folder.remove(files.sidePath(precache)) }
    if try folder.status(files.committedPath)?.links ?? 1 > 1 { try unshare(files) }
  }

  /// Tells loop devices on a file that its size changed.
  private func refreshLoops(on file: Descriptor) throws(StorageError) {
    let identity = try file.status().identity
    for name in OpenFiles.loopsBacked(by: identity, sys: host.sys) {
      try Descriptor(opening: Path("/dev/\(name)"), flags: Descriptor.readOnly).refreshLoopSize()
    }
  }
}
