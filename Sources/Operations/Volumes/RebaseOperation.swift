import StorageBackend
import StorageModel
import StorageOS

/// Images whose references lead nowhere, as when a pool was moved to another folder.
extension Storage {
  /// The images of a pool that need a file which is not there.
  func brokenReferences(in pool: PoolName, _ backend: any PoolBackend) throws(StorageError)
    -> [Finding]
  {
    guard let overlays = backend.able(to: .overlays) else { return [] }
    var found: [Finding] = []
    for image in try overlays.references().images {
      for reference in image.references {
        guard let file = reference.file, try leadsNowhere(file) else { continue }
        var advice = "none: its \(reference.role.rawValue) '\(file)' is missing: bring it back"
        if reference.role == .base, try canNameBaseAnew(image.volume, in: backend),
          try sameNamed(as: file, in: backend, besides: image.volume) != nil
        {
          let line = NextCommand.line(
            ["pool-check", pool.text, "--rebase", image.volume.text])
          advice += ", or name the file of the same name here by \(line)"
        }
        found.append(
          Finding(.brokenReference, image.path, volume: image.volume, advice: advice))
      }
    }
    return found.sorted { $0.path < $1.path }
  }

  /// Names the image below an overlay, and below each of its revisions, anew where the name in the header leads nowhere: by
  /// the volume of its own pool whose file is called as that was.
  ///
  /// Nothing changes where the name leads to a file. A revision whose base the pool has not stays as it is.
  /// - Throws: `notFound` where the pool has no volume for any of them; `badInput` where that is of another format than
  ///   the overlay says, or cannot be read through.
  package func rebase(_ text: String, in poolText: String?) throws(StorageError)
    -> (Change, ActivePool, VolumeName)
  {
    try changeVolume(text, in: poolText) { pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.importData)
      guard let overlays = backend.able(to: .overlays) else {
        throw StorageError(.badInput, volume.subject, "is no overlay")
      }
      let kept = try pool.lifecycleBackend().revisions(of: volume).map(\.revision)
      var found: [(revision: Revision?, base: Volume, format: VolumeFormat)] = []
      var missing: StorageError?
      var isOverlay = false
      for revision in [nil] + kept {
        let state =
          try revision.map { revision throws(StorageError) in
            try committed(volume, in: pool, revision: revision)
          } ?? volume
        guard let backing = state.definition.backingStore else { continue }
        isOverlay = true
        do throws(StorageError) {
          guard let base = try lostBase(backing, of: volume, in: pool, steps) else { continue }
          found.append((revision, base, base.definition.target.format ?? .raw))
        } catch {
          guard error.code == .notFound else { throw error }
          missing = missing ?? error
        }
      }
      guard isOverlay else { throw StorageError(.badInput, volume.subject, "is no overlay") }
      if found.isEmpty, let missing { throw missing }
      guard !found.isEmpty else { return }
      try checkUnused(volume, backend, committed: .anyone, steps)
      for (revision, base, format) in found {
        try overlays.rebase(volume, at: revision, onto: base.name, format, steps)
      }
    }
  }

  /// The volume that is to be below an overlay in the place of one that is not there; nil where that is there.
  private func lostBase(
    _ backing: BackingStore, of volume: Volume, in pool: ActivePool, _ steps: Steps
  ) throws(StorageError) -> Volume? {
    let file = Path(backing.path)
    guard case .file = ReferencePlace(of: backing.path), file.isAbsolute else {
      throw StorageError(
        .unsupported, volume.subject, "backing store '\(backing.path)' is no local file or device"
      )
    }
    guard try leadsNowhere(file) else { return nil }
    guard let base = try sameNamed(as: file, in: pool.backend, besides: volume.name) else {
      throw StorageError(
        .notFound, volume.subject,
        "its backing store '\(file)' is not there, and pool '\(pool.name)' has no volume of that name"
      )
    }
    let format = backing.format ?? base.definition.target.format ?? .raw
    try checkChain(
      backingChain(
        from: BackingStore(path: pool.backend.path(of: base.name).text, format: format),
        above: volume.definition.target.path.map { [$0] } ?? []), volume.subject, steps)
    return base
  }

  private func canNameBaseAnew(_ name: VolumeName, in backend: any PoolBackend)
    throws(StorageError) -> Bool
  {
    try backend.volume(name)?.definition.target.format?.canNameBaseAnew == true
  }

  private func leadsNowhere(_ file: Path) throws(StorageError) -> Bool {
    do throws(StorageError) { _ = try FileStatus(known: file) } catch {
      if error.leadsNowhere { return true }
      // What may not be looked at may be there.
      return false
    }
    return false
  }

  /// The volume of a pool that is called as a file was; nil where there is none.
  private func sameNamed(as file: Path, in backend: any PoolBackend, besides volume: VolumeName)
    throws(StorageError) -> Volume?
  {
    guard let name = VolumeName(found: file.lastComponent), name != volume else { return nil }
    return try backend.volume(name).flatMap { $0.hasCommitted && $0.problem == nil ? $0 : nil }
  }
}
