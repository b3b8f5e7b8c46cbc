import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Creating, deleting and resizing volumes.
extension FileBackend {
  package var traits: VolumeTraits {
    guard !driver.usesQubesLayout else { return VolumeTraits([.raw]) }
    var traits = VolumeTraits(VolumeFormat.creatable)
    traits.keepsAnyImage = true
    traits.backing = .images
    traits.encryptions = [.raw: [.luks, .luks2], .qcow2: [.luks]]
    traits.convertsEncryption = true
    traits.allowsEmpty = true
    return traits
  }

  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    switch volume.target.format ?? .raw {
    case .vpc: return .cylinders
    case let format where !format.isRaw: return .multiples(of: .kibibyte)
    default:
      switch volume.target.encryption?.format {
      case nil: return .any
      case .luks2: return .multiples(of: 512)
      default: return .multiples(of: .kibibyte)
      }
    }
  }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    try checkName(volume.name)
    let format = volume.target.format ?? .raw
    volume.target.format = format
    if format.isRaw {
      // libvirt takes these for raw volumes too and makes nothing of them.
      volume.target.compat = nil
      volume.target.clusterSize = nil
      volume.target.features = nil
    }
    if format == .qcow2 { volume.target.compat = volume.target.compat ?? "1.1" }
    let path = path(of: volume.name)
    volume.key = path.text
    volume.target.path = path
    let pool = ownPermissions
    // Never readable by others, whatever the folder is; by a group only where the folder is that one's to share.
    volume.target.permissions.mode =
      volume.target.permissions.mode ?? pool.mode.map { $0 & 0o660 }
    if volume.target.permissions.mode == nil {
      let shared = try heritage().sharedMode
      volume.target.permissions.mode =
        format == .dir ? 0o700 | (shared == 0 ? 0 : 0o070) : 0o600 | shared
    }
    volume.target.permissions.owner = volume.target.permissions.owner ?? pool.owner
    volume.target.permissions.group = volume.target.permissions.group ?? pool.group
    volume.target.permissions.label = volume.target.permissions.label ?? pool.label
    return volume
  }

  /// Refuses a name that a volume of this pool cannot have, because another file has it.
  func checkName(_ volume: VolumeName) throws(StorageError) {
    let name = volume.text
    if driver.usesQubesLayout,
      let ending = VolumeFiles.reservedEndings.first(where: { name.hasSuffix($0) })
    {
      throw StorageError(
        .badInput, "volume '\(name)'", "names that end in '\(ending)' are kept for working files")
    }
    if isOwnFile(name) || driver.usesQubesLayout && VolumeFiles.wouldMeetOthers(volume) {
      throw StorageError(.badInput, "volume '\(name)'", NameProblem.reserved(name).text)
    }
  }

  /// Makes the record, then the file; the file's appearance under its name is what makes the volume.
  ///
  /// Capacity and allocation as in libvirt: allocation missing or equal to the capacity reserves all blocks, a
  /// smaller one that many, zero none. Volumes that keep no state get a record only.
  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    let files = files(plan.name)
    if plan.volume.target.format == .dir { return try createFolder(plan.volume, files, steps) }
    try writeRecord(of: plan, for: files, steps)
    guard plan.savesState else { return }
    guard plan.isPlainlyRaw else {
      let recipe = recipe(plan)
      let path = path(of: plan.name)
      return try steps.run("run \(recipe.told(path))") { () throws(StorageError) in
        try makeCommittedFile(plan.volume, files) { file throws(StorageError) in
          try recipe.make(in: file, plan.subject, for: path)
        }
      }
    }
    try steps.run(
      "create file '\(path(of: plan.name))' of \(plan.capacity.bytes) bytes,"
        + " \(plan.allocation.bytes) allocated"
    ) { () throws(StorageError) in
      try makeCommittedFile(plan.volume, files) { file throws(StorageError) in
        try file.setSize(plan.capacity)
        try file.allocate(to: plan.allocation)
      }
    }
  }

  /// Makes the file of a new volume, which appears whole under its name or not at all.
  func makeCommittedFile(
    _ volume: VolumeDefinition, _ files: VolumeFiles,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let home = try home(of: files, making: true)
    try home.makeFile(
      files.committed, mode: volume.target.permissions.mode ?? 0o600, replacing: false,
      temporaryPrefix: files.isPlain ? VolumeFiles.newFilePrefix : nil
    ) { file throws(StorageError) in
      try setAttributes(volume.target, of: file, in: home)
      try fill(file)
      try mark(file)
    }
  }

  /// Writes the record of a new volume, which goes again if the volume does not come about.
  func writeRecord(of plan: CreationPlan, for files: VolumeFiles, _ steps: Steps)
    throws(StorageError)
  {
    let volume = plan.volume
    var record = VolumeRecord()
    record.sectorSize = plan.sectorSize
    record.format = volume.target.format
    record.lifecycle = volume.lifecycle
    if let encryption = volume.target.encryption {
      record.encryption = Encryption(format: encryption.format)
      record.encryption?.secrets = encryption.secrets
    }
    if volume.lifecycle.resolved(with: pool.lifecycle).kind == .volatile {
      record.size = plan.capacity
    }
    try write(record, for: files, steps)
  }

  /// Makes a volume that is a folder.
  private func createFolder(_ volume: VolumeDefinition, _ files: VolumeFiles, _ steps: Steps)
    throws(StorageError)
  {
    try steps.run(
      "make directory '\(path(of: volume.name))'",
      undo: { () throws(StorageError) in try home(of: files).removeFolder(files.committed) }
    ) { () throws(StorageError) in
      let home = try home(of: files, making: true)
      let temporary = "\(VolumeFiles.newFilePrefix)~\(randomSuffix())"
      try home.makeFolder(temporary, mode: volume.target.permissions.mode ?? 0o700)
      do throws(StorageError) {
        try setAttributes(volume.target, of: home.folder(temporary).descriptor, in: home)
        try home.rename(temporary, to: files.committed, exclusive: true)
      } catch {
        throw error.undone { () throws(StorageError) in try home.removeFolder(temporary) }
      }
      try home.confirm()
    }
  }

  private func setAttributes(_ target: VolumeTarget, of file: Descriptor, in folder: Folder)
    throws(StorageError)
  {
    let permissions = target.permissions
    try setOwner(permissions, of: file, in: folder)
    if let label = permissions.label, try file.label() != nil { try file.setLabel(label) }
    guard target.noCopyOnWrite, file.copyOnWriteIsOff() == false else { return }
    do throws(StorageError) { try file.setCopyOnWrite(false) } catch {
      // Where blocks are never copied on write, the wish is granted.
      guard error.code == .unsupported else { throw error }
    }
  }

  /// Gives a new file to whom it belongs: as was asked for, else as all that is made in the folder.
  func setOwner(_ permissions: Permissions, of file: Descriptor, in folder: Folder)
    throws(StorageError)
  {
    try Heritage(of: folder.descriptor.status()).give(file, as: permissions)
  }

  /// The folder that a volume's committed state lies in.
  func home(of files: VolumeFiles, making: Bool = false) throws(StorageError) -> Folder {
    let folder = try folder()
    if files.home.isEmpty { return folder }
    return making
      ? try folder.makeFolders(files.home, heritage()) : try folder.folder(files.home)
  }

  /// The folder that a volume's other files lie in.
  func side(of files: VolumeFiles, making: Bool = false) throws(StorageError) -> Folder {
    let folder = try folder()
    if files.side.isEmpty { return folder }
    return making
      ? try folder.makeFolders(files.side, heritage()) : try folder.folder(files.side)
  }

  /// The folder that a volume's other files lie in; nil where there is none.
  func sideIfPresent(of files: VolumeFiles) throws(StorageError) -> Folder? {
    let folder = try folder()
    return files.side.isEmpty ? folder : try folder.folderIfPresent(files.side)
  }

  /// Writes a volume's record whole.
  ///
  /// Where a later step fails, the record is again what it was before; that of a new volume goes.
  func write(_ record: VolumeRecord, for files: VolumeFiles, _ steps: Steps) throws(StorageError) {
    let before = try recordText(of: files)
    try steps.run(
      "write record '\(recordPath(of: files))'",
      clearing: { () throws(StorageError) in try putBack(before, for: files) }
    ) { () throws(StorageError) in try store(record, for: files) }
  }

  /// A volume's record as it is written; nil where it has none.
  func recordText(of files: VolumeFiles) throws(StorageError) -> [UInt8]? {
    let file = "\(files.recordFolder)/\(VolumeFiles.record)"
    return try folder().openIfPresent(file)?.readAll(limit: Int(ConfDocument.sizeLimit.bytes) + 1)
  }

  /// Makes the record again what it was.
  func putBack(_ record: [UInt8]?, for files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    guard let record else {
      // A full disk takes the folder, but not the file in it.
      guard let records = try folder.folderIfPresent(files.recordFolder) else { return }
      if try records.remove(VolumeFiles.record) { try records.sync() }
      return try removeEmptyRecordFolders(of: files)
    }
    guard try recordText(of: files) != record else { return }
    let heritage = try heritage()
    try folder.makeFolders(files.recordFolder, heritage)
      .write(record, to: VolumeFiles.record, heritage: heritage)
  }

  func recordPath(of files: VolumeFiles) -> Path {
    (pool.target.path ?? Path("/")).appending(files.recordFolder).appending(VolumeFiles.record)
  }

  func store(_ record: VolumeRecord, for files: VolumeFiles) throws(StorageError) {
    let heritage = try heritage()
    let folder = try folder().makeFolders(files.recordFolder, heritage)
    let present = try folder.openIfPresent(VolumeFiles.record)?.readAll(limit: 65536)
    let content: [UInt8]
    do throws(ConfProblem) {
      content = try record.bytes(file: recordPath(of: files).text, replacing: present)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
    try folder.write(content, to: VolumeFiles.record, heritage: heritage)
  }

  /// A folder with something in it that has a record's name; nil where there is none.
  func fullRecord(of files: VolumeFiles, in folder: Folder) throws(StorageError) -> Folder? {
    let path = "\(files.recordFolder)/\(VolumeFiles.record)"
    guard try folder.status(path)?.kind == .folder, let record = try folder.folderIfPresent(path),
      try !record.entries().isEmpty
    else { return nil }
    return record
  }

  /// Removes a volume's record and its folder, and folders above that became empty.
  func removeRecord(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    guard let records = try folder.folderIfPresent(files.recordFolder) else { return }
    try records.remove(VolumeFiles.session)
    if try records.status(VolumeFiles.record)?.kind == .folder {
      try records.removeFolder(VolumeFiles.record)
    } else {
      try records.remove(VolumeFiles.record)
    }
    try records.confirm()
    try Steps.finish { () throws(StorageError) in try removeEmptyRecordFolders(of: files) }
  }

  func removeEmptyRecordFolders(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    var path = Path(files.recordFolder)
    while path.text != VolumeFiles.records {
      do throws(StorageError) { try folder.removeFolder(path.text) } catch {
        // Another volume's record is below.
        guard error.isNotEmpty else { throw error }
        return
      }
      path = path.parent
      try folder.folder(path.text).confirm()
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
        try home.confirm()
      }
    }
    try steps.run("remove volume '\(path)' with its revisions and its record") {
      () throws(StorageError) in
      let folder = try folder()
      if let obstacle = try recordObstacle(of: files, in: folder) {
        // One above the record's place is in the way of others, too.
        guard obstacle.subject == folder.path.appending(files.recordFolder).text else {
          throw obstacle
        }
        try folder.remove(files.recordFolder)
      }
      if let record = try fullRecord(of: files, in: folder) {
        throw StorageError(
          .busy, record.path.text, "is a directory with something in it, in a record's place",
          hint: "Move it away.")
      }
      let hasSide = try folder.status(files.recordFolder) != nil || !files.isPlain
      guard hasSide else {
        let home = try home(of: files)
        try remove(
          files.committed, in: home, of: volume.name, by: temporaryName(of: files), steps)
        return try home.confirm()
      }
      if !volume.properties.kind.savesState { try dropHeldSource(of: volume) }
      guard volume.hasCommitted else { return try removeRest(of: files) }
      let home = try home(of: files)
      let side = try side(of: files, making: true)
      try decide(
        volume.name, steps,
        undo: { () throws(StorageError) in
          try side.rename(files.deleted, to: files.committed, in: home)
        }
      ) { () throws(StorageError) in
        try home.rename(files.committed, to: files.deleted, in: side)
      }
      try Steps.finish { () throws(StorageError) in
        try home.confirm()
        // NFS only renames a file that is open, and its folder stays. Nobody finds the volume any more.
        steps.letGo()
        try removeRest(of: files)
      }
    }
  }

  /// Removes everything of a volume but its committed state.
  func removeRest(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    if let side = try sideIfPresent(of: files) {
      var names = [files.working, files.importing, files.pruning, files.deleted]
      names += files.precache.map { [$0] } ?? []
      if files.isPlain { names.append(VolumeFiles.wiping) }
      names += try side.entries().filter {
        files.revision(of: $0.name) != nil || files.isTemporary($0.name)
          || files.isPlain && $0.kind == .symbolicLink
      }.map(\.name)
      if !files.isPlain, let deleted = try side.status(files.deleted) {
        try keepNewer(than: deleted, of: files, among: &names, in: folder)
      }
      // The file that tells of the deletion goes last.
      for name in names.filter({ $0 != files.deleted }) + [files.deleted] { try side.remove(name) }
      try side.sync()
    }
    if let records = try folder.folderIfPresent(files.recordFolder) {
      try records.remove(VolumeFiles.heldSource)
      try records.remove(VolumeFiles.session)
    }
    try removeRecord(of: files)
    guard !files.isPlain, !files.home.isEmpty else { return }
    do throws(StorageError) { try folder.removeFolder(files.home) } catch {
      guard error.isNotEmpty else { throw error }
    }
  }

  /// Leaves out what Qubes has made under the names of a volume since its deletion began, which was interrupted.
  private func keepNewer(
    than deleted: FileStatus, of files: VolumeFiles, among names: inout [String], in folder: Folder
  ) throws(StorageError) {
    let isThereAgain = try folder.status(files.committedPath) != nil
    var doomed = [files.deleted]
    for name in names where name != files.deleted && !isThereAgain {
      guard let status = try folder.status(files.sidePath(name)) else { continue }
      let birth = status.timestamps.birth ?? status.timestamps.modification
      if birth <= deleted.timestamps.change { doomed.append(name) }
    }
    names = doomed
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
      // Looked for before anything is changed.
      let loops = try LoopDevices.open(on: file.status().identity, sys: host.sys)
      // Blocks first: where they cannot be had, the size has not changed.
      if allocate {
        do throws(StorageError) {
          try file.fillHoles(to: min(before, capacity))
          if capacity > before { try file.allocate(from: before, to: capacity) }
        } catch {
          throw error.undone { () throws(StorageError) in try file.setSize(before) }
        }
      }
      try file.setSize(capacity)
      try Steps.finish { () throws(StorageError) in
        for loop in loops { try loop.refreshLoopSize() }
        try file.confirm()
      }
    }
  }

  /// Makes sure that changing the committed state in place changes nothing else.
  func prepareChange(of files: VolumeFiles) throws(StorageError) {
    let folder = try folder()
    if let precache = files.precache { try folder.remove(files.sidePath(precache)) }
    if try folder.status(files.committedPath)?.links ?? 1 > 1 {
      try Steps.prepare { () throws(StorageError) in try unshare(files) }
    }
  }
}
