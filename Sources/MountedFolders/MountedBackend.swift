import FileVolumes
import Mounts
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools whose folder is the root of a file system that is mounted on it while the pool is started.
///
/// While it is not, the empty folder below is there, and nothing may be put into it: so whatever is done with volumes
/// begins with a look at what is mounted. That look never waits for a server: see `FolderAnswer`.
package protocol MountedBackend: FileBackend, BuildingBackend, AttachingBackend, DegradableBackend {
  /// How the file system is mounted, as far as the definition tells.
  func mounting() throws(StorageError) -> Mounting
  /// Whether a mount at the pool's target shows the pool's own file system.
  func isOwn(_ mount: Mount) throws(StorageError) -> Bool
  /// Checks before a mount that what is to be mounted, and the programs for it, are there.
  func checkSource() throws(StorageError)
  /// Mounts; for those that need more than `Mounting.mount`.
  func mount(_ mounting: Mounting) throws(StorageError)
  /// What tells the device that is mounted from others, also when its name is gone; nil where there is none.
  func sourceIdentity() throws(StorageError) -> String?
}

/// What is mounted at the target of a pool.
package enum Occupation: Equatable, Sendable {
  case nothing
  case own(Mount)
  /// Something else, maybe on top of the pool's own.
  case other(Mount)
}

extension MountedBackend {
  package func mount(_ mounting: Mounting) throws(StorageError) {
    try mounting.mount(timeout: host.answerTimeout)
  }

  package func sourceIdentity() -> String? { nil }

  package var subject: String { "pool '\(pool.name)'" }

  // MARK: Looking

  /// What is mounted at the target, by the kernel's table; asks no server.
  package func occupation() throws(StorageError) -> Occupation {
    let table = try MountTable.needed(proc: host.proc)
    guard let mount = table.mount(at: try place(in: table)) else { return .nothing }
    return try isOwn(mount) ? .own(mount) : .other(mount)
  }

  /// The target as the kernel's table names it: without symbolic links.
  private func place(in table: MountTable) throws(StorageError) -> Path {
    let path = try target()
    if table.mount(at: path) != nil { return path }
    // Only what is above the target is resolved, so that a server behind it is not asked.
    let inParent = (try Process.realPath(path.parent) ?? path.parent).appending(path.lastComponent)
    if table.mount(at: inParent) != nil { return inParent }
    return try Process.realPath(path) ?? inParent
  }

  /// The pool's folder, which is the root of the pool's own file system.
  /// - Throws: `busy` where that is not mounted; `inputOutput` where what is behind it does not answer.
  package func folder() throws(StorageError) -> Folder {
    let mount: Mount
    switch try occupation() {
    case .own(let found): mount = found
    case .nothing: throw notMounted()
    case .other(let other): throw covered(by: other)
    }
    try ServerWatch.reach(
      mount, timeout: host.answerTimeout, subject: subject,
      hint: "Once it answers again, see what was left: "
        + NextCommand.line(["pool-check", pool.name.text]))
    let folder = try openTarget()
    let status = try folder.descriptor.status()
    // Something may have been mounted or unmounted since the look at the table.
    let isRight = status.mount.map { $0 == mount.identifier } ?? (status.isMountRoot != false)
    guard isRight else { throw notMounted() }
    return folder
  }

  package func checkReachable() throws(StorageError) { _ = try folder() }

  package func beginReaching() {
    if case .own(let mount)? = try? occupation() { FolderAnswer.begin(mount.target) }
  }

  package func isAttached() throws(StorageError) -> Bool {
    if case .own = try occupation() { return true }
    return false
  }

  package func impairment() throws(StorageError) -> String? {
    guard case .own(let mount) = try occupation() else { return nil }
    let isReadOnly = mount.fileSystemOptions.contains("ro") || mount.options.contains("ro")
    guard isReadOnly, !pool.mountOptions.contains("ro") else { return nil }
    return "'\(mount.source)' on '\(mount.target)' takes no writes"
  }

  private func notMounted() -> StorageError {
    let source = (try? mounting())?.source ?? "its source"
    return StorageError(
      .busy, subject, "'\(source)' is not mounted on '\(pool.target.path?.text ?? "")'")
  }

  /// The refusal where something else is mounted on the target.
  package func covered(by mount: Mount) -> StorageError {
    StorageError(
      .busy, subject,
      "something else is mounted on '\(mount.target)': '\(mount.source)' (\(mount.type))")
  }

  // MARK: Start and stop

  package func start(_ steps: Steps) throws(StorageError) {
    let mounting = try mounting()
    switch try occupation() {
    case .own: break
    case .other(let mount): throw covered(by: mount)
    case .nothing:
      _ = try openTarget()
      try checkSource()
      let mark = try mark()
      try steps.run(
        "note in '\(mark)' that the pool is being mounted",
        undo: { () throws(StorageError) in try removeMark() }
      ) { () throws(StorageError) in
        let identity = try sourceIdentity() ?? ""
        try HostFolders.make(mark.parent).write(identity, to: mark.lastComponent)
      }
      try steps.run(
        "run \(mounting.commandLine.map(\.shellQuoted).joined(separator: " "))",
        undo: { () throws(StorageError) in try unmount() }
      ) { () throws(StorageError) in
        do throws(StorageError) { try mount(mounting) } catch {
          var error = error
          error.subject = error.subject.isEmpty ? subject : error.subject
          throw error
        }
      }
    }
    if pool.copyOnWrite != nil { try setCopyOnWrite(of: nil, target(), isNew: false, steps) }
    try steps.run("look at '\(mounting.target)'") { () throws(StorageError) in
      try checkReachable()
    }
  }

  package func stop(_ steps: Steps) throws(StorageError) {
    switch try occupation() {
    case .nothing: break
    case .other(let mount): throw covered(by: mount)
    case .own(let mount):
      let again = try mounting()
      try steps.run(
        "unmount '\(mount.target)'",
        undo: { () throws(StorageError) in try self.mount(again) }
      ) { () throws(StorageError) in try unmount() }
    }
    try forget(steps)
  }

  package func abandon(_ steps: Steps) throws(StorageError) {
    let table = try MountTable.needed(proc: host.proc)
    let path = try place(in: table)
    let here = table.mounts.filter { $0.target == path }
    var own: Mount?
    for mount in here where try isOwn(mount) { own = mount }
    if let own, let top = here.last {
      guard own == top else { throw covered(by: top) }
      try steps.run("unmount '\(top.target)'") { () throws(StorageError) in try unmount() }
    }
    try forget(steps)
  }

  /// Unmounts the target; by force where what is behind it does not answer.
  private func unmount() throws(StorageError) {
    guard case .own(let mount) = try occupation() else { return }
    let unmounting = Unmounting(target: mount.target)
    var isSilent = false
    do throws(StorageError) {
      try FolderAnswer.wait(for: mount.target, timeout: host.answerTimeout)
    } catch { isSilent = error.number == nil }
    do throws(StorageError) {
      if isSilent {
        try unmounting.unmountByForce(timeout: max(host.answerTimeout, 1))
      } else {
        // What is not on disk yet is written first, which may be much.
        try unmounting.unmount(timeout: max(host.answerTimeout, 600))
      }
    } catch {
      var error = error
      error.subject = subject
      // Who it is only makes the refusal clearer.
      let holders =
        (try? MountUse.holders(of: mount.target, proc: host.proc, sys: host.sys)) ?? []
      if !holders.isEmpty, error.code != .permission {
        error.code = .busy
        error.problem = "'\(mount.target)' is in use by \(holders.joined(separator: ", "))"
        error.reason = nil
      }
      throw error
    }
  }

  // MARK: The mark of a mount that this program made

  /// A file that is there from before the mount until after the unmount: so a mount of one's own that nobody wants is
  /// told from one that was there before.
  private func mark() throws(StorageError) -> Path {
    try host.currentBoot().appending("mounted").appending(pool.name.text)
  }

  /// What `sourceIdentity` was when the pool was mounted; nil where this program did not mount it.
  package func markedIdentity() throws(StorageError) -> String? {
    do throws(StorageError) {
      let bytes = try Descriptor(reading: mark()).readAll(limit: 4096)
      return String(decoding: bytes, as: UTF8.self)
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }

  private func removeMark() throws(StorageError) {
    let mark = try mark()
    guard try markedIdentity() != nil else { return }
    try Folder(opening: mark.parent).remove(mark.lastComponent)
  }

  private func forget(_ steps: Steps) throws(StorageError) {
    guard try markedIdentity() != nil else { return }
    let mark = try mark()
    try steps.run("remove '\(mark)'") { () throws(StorageError) in try removeMark() }
  }

  package func unfinishedStart() throws(StorageError) -> Finding? {
    guard case .own(let mount) = try occupation(), try markedIdentity() != nil else { return nil }
    return Finding(.staleMount, mount.target, volume: nil)
  }

  // MARK: The folder below

  package func delete(_ steps: Steps) throws(StorageError) {
    switch try occupation() {
    case .nothing: try deleteFolder(steps)
    case .own(let mount), .other(let mount):
      throw StorageError(
        .busy, subject,
        "failed to remove pool '\(mount.target)': '\(mount.source)' is mounted on it")
    }
  }
}
