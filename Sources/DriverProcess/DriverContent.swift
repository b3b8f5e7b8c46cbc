import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The content of volumes, which never goes through messages: open files and devices do.
extension DriverBackend: ContentBackend {
  package func devicePath(of volume: Volume) -> Path {
    volume.isOwnDevice ? path(of: volume.name) : facts.workingPath.path(of: volume.name)
  }

  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("expose", volume, [], steps, undo: "conceal")
  }

  package func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("conceal", volume, [], steps)
  }

  package var replacesAtomically: Bool { facts.replacesAtomically }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    let members =
      [("volume", JSON.string(volume.name.text))]
      + (revision.map { [("revision", $0.told)] } ?? [])
    let path = path(of: volume.name)
    switch facts.contentWay {
    case .open: return try session.open("read", members, named: path, writing: false)
    case .copy:
      let copy = try Descriptor(namelessIn: DriverBackend.room).renamed(path)
      try session.tell("read", members, sending: [copy])
      return copy
    }
  }

  package func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try steps.run("have driver '\(session.driver)' replace the content of \(volume.subject)") {
      () throws(StorageError) in
      try writeContent(
        "replace", [("volume", .string(volume.name.text))], of: volume.name, size: size, steps,
        fill)
    }
  }

  package func changeCommitted(
    of volume: Volume, in part: Range<Int64>, _ steps: Steps,
    _ change: (Descriptor) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    let members: [(String, JSON)] = [
      ("volume", .string(volume.name.text)), ("first", .bytes(ByteCount(part.lowerBound))),
      ("end", .bytes(ByteCount(part.upperBound))),
    ]
    try steps.run(
      "have driver '\(session.driver)' change bytes \(part.lowerBound) to \(part.upperBound) of"
        + " \(volume.subject)"
    ) { () throws(StorageError) in
      switch facts.contentWay {
      case .open:
        let file = try session.open("change", members, named: path(of: volume.name), writing: true)
        try keepOrDrop(volume.name) { () throws(StorageError) in _ = try change(file) }
      case .copy:
        let copy = try openCommitted(volume, revision: nil)
        _ = try change(copy)
        try session.tell("change", members, sending: [copy], progress: steps.progress)
      }
    }
  }

  /// Has content written by `fill` into what `verb` makes ready, and made what it is for.
  func writeContent(
    _ verb: String, _ members: [(String, JSON)], of name: VolumeName, size: ByteCount,
    _ steps: Steps, _ fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let members = members + [("content", JSON.bytes(size))]
    let path = path(of: name)
    switch facts.contentWay {
    case .open:
      let file = try session.open(verb, members, named: path, writing: true)
      try keepOrDrop(name) { () throws(StorageError) in try fill(file) }
    case .copy:
      let copy = try Descriptor(namelessIn: DriverBackend.room).renamed(path)
      try fill(copy)
      try session.tell(verb, members, sending: [copy], progress: steps.progress)
    }
  }

  /// Tells the driver, after the work, whether what was written counts.
  private func keepOrDrop(_ name: VolumeName, _ body: () throws(StorageError) -> Void)
    throws(StorageError)
  {
    let members = [("volume", JSON.string(name.text))]
    do throws(StorageError) { try body() } catch {
      throw error.undone { () throws(StorageError) in try session.tell("drop", members) }
    }
    try session.tell("keep", members)
  }

  /// Where content waits that a driver copies.
  private static let room = Path("/var/tmp")

  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try change("set-properties", volume, [("properties", settings.told)], steps)
  }

  package func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    guard size != volume.sectorSize else { return }
    try change(
      "set-sector-size", volume, size.map { [("sector_size", .bytes($0))] } ?? [], steps)
  }

  /// Asks the machine itself for files and devices; a driver whose volumes are neither is asked.
  package func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    guard facts.kind != .network else {
      return try session.ask(
        "holders",
        [("volume", .string(volume.name.text)), ("readers", .boolean(committed == .anyone))]
      ) { answer throws(DriverFault) in try answer.texts("holders") }
    }
    let own = path(of: volume.name)
    for path in Set([own, facts.workingPath.path(of: volume.name)]).sorted() {
      let countsReaders = path != own || committed == .anyone
      guard let status = try FileStatus.ifPresent(path) else { continue }
      let found =
        status.kind == .blockDevice
        ? try DeviceUse.holders(
          of: status.device, countingReaders: countsReaders, proc: host.proc, sys: host.sys)
        : try OpenFiles.holders(
          of: status.identity, countingReaders: countsReaders, proc: host.proc, sys: host.sys)
      if !found.isEmpty { return found }
    }
    return []
  }

  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [FileClaim]
  {
    guard facts.kind != .network else { return [] }
    var claims: [FileClaim] = []
    for path in Set([path(of: volume.name), facts.workingPath.path(of: volume.name)]).sorted() {
      guard try FileStatus.ifPresent(path) != nil else { continue }
      let file = try Descriptor(reading: path)
      guard try ImageLock.claim(file, for: use) else {
        throw StorageError(.busy, volume.subject, "is in use by a running QEMU")
      }
      claims.append(FileClaim(file, for: use))
    }
    return claims
  }

  package func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) {
    try session.tell("sweep", [("volume", .string(name.text))])
  }
}
