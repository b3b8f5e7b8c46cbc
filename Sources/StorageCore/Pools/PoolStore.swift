import StorageConf
import StorageHost
import StorageModel
import StorageOS
import StorageXML

/// The definitions of pools on disk, in both notations, and which pools are started.
///
/// Nothing is cached between commands: every look-up reads the files. Looking one pool up by its name reads that
/// pool's document, storage.conf, and the live definition; nothing else.
package struct PoolStore: Sendable {
  package let host: HostFolders

  package init(host: HostFolders) { self.host = host }

  package var confFile: Path { host.configuration.appending("storage.conf") }
  package func document(_ name: PoolName) -> Path {
    host.configuration.appending("pools").appending("\(name).xml")
  }
  private var autostartFolder: Path { host.configuration.appending("pools/autostart") }
  private func liveFolder() throws(StorageError) -> Path {
    try host.currentBoot().appending("pools")
  }

  // MARK: Looking up

  /// The pool of a name; nil where there is none.
  ///
  /// A running pool is described by what it was started with, whatever became of its definition; the record then
  /// tells the problem.
  /// - Throws: `badInput` where an inactive pool's definition cannot be read, or stands in two places.
  package func pool(_ name: PoolName) throws(StorageError) -> PoolRecord? {
    try pool(name, Configuration(self))
  }

  /// The pool that users mean by `text`: a UUID if it is 36 characters long and one has it, else a name.
  /// - Throws: `notFound` with libvirt's words.
  package func pool(matching text: String) throws(StorageError) -> PoolRecord {
    if text.utf8.count == 36, let uuid = StorageUUID(text), let found = try pool(uuid: uuid) {
      return found
    }
    let name: PoolName
    do throws(NameProblem) { name = try PoolName(text) } catch {
      throw PoolStore.notFound(text)
    }
    guard let found = try pool(name) else { throw PoolStore.notFound(text) }
    return found
  }

  /// The pool of a UUID; nil where there is none.
  ///
  /// Reads every definition; broken ones are passed over.
  package func pool(uuid: StorageUUID) throws(StorageError) -> PoolRecord? {
    try all().pools.first { $0.definition.uuid == uuid || $0.persistent?.uuid == uuid }
  }

  /// Every pool, sorted by name without regard to case, and a line for each definition that cannot be read.
  package func all() throws(StorageError) -> (pools: [PoolRecord], warnings: [String]) {
    var names: Set<PoolName> = [.default]
    var warnings: [String] = []
    let conf = Configuration(self)
    if let problem = conf.problem { warnings.append(problem.text) }
    for section in conf.document.sections {
      do throws(NameProblem) { names.insert(try PoolName(section.name)) } catch {
        warnings.append("\(confFile):\(section.line): pool \(error.text)")
      }
    }
    for folder in [host.configuration.appending("pools"), try liveFolder()] {
      names.formUnion(try documents(in: folder))
    }
    var pools: [PoolRecord] = []
    for name in names {
      do throws(StorageError) {
        guard let pool = try pool(name, conf) else { continue }
        pools.append(pool)
        if let problem = pool.problem { warnings.append(problem.text) }
      } catch {
        warnings.append(error.text)
      }
    }
    let sorted = pools.map { ($0, $0.name.text.lowercased()) }
      .sorted { ($0.1, $0.0.name) < ($1.1, $1.0.name) }
    // One broken file can be in the way of several pools.
    return (sorted.map(\.0), Set(warnings).sorted())
  }

  /// storage.conf as it is, or why it cannot be read.
  private struct Configuration {
    var document: ConfDocument
    var problem: StorageError?

    init(_ store: PoolStore) {
      document = .empty(file: store.confFile.text)
      do throws(StorageError) { document = try store.conf() } catch { problem = error }
    }
  }

  private func pool(_ name: PoolName, _ conf: Configuration) throws(StorageError) -> PoolRecord? {
    let live = try read(try liveFolder().appending("\(name).xml"))
    var problem: StorageError?
    var found: (PoolDefinition, DefinitionOrigin)?
    do throws(StorageError) { found = try definition(of: name, conf) } catch {
      guard live != nil else { throw error }
      problem = error
    }
    var record = PoolRecord(
      persistent: found?.0, origin: found?.1 ?? .none, live: live,
      isAutostarted: isAutostarted(name))
    record?.problem = problem
    return record
  }

  /// The persistent definition of a name and where it stands; nil where there is none.
  private func definition(of name: PoolName, _ conf: Configuration) throws(StorageError)
    -> (PoolDefinition, DefinitionOrigin)?
  {
    let document = document(name)
    if let pool = try read(document) {
      guard pool.name == name else {
        throw StorageError(
          .badInput, document.text, "names pool '\(pool.name)', but the file is that of '\(name)'")
      }
      if let section = conf.document.section(named: name.text) {
        throw StorageError(
          .badInput, "pool '\(name)'",
          "is defined twice: in \(document) and in \(confFile):\(section.line)")
      }
      return (pool, .document(document))
    }
    // What is in a file that cannot be read is not known; the pool may be there.
    if let problem = conf.problem { throw problem }
    if let section = conf.document.section(named: name.text) {
      do throws(ConfProblem) {
        let pool = try PoolConf.definition(
          of: section, file: confFile.text, defaultFolder: host.data)
        return (pool, .section(confFile, line: section.line))
      } catch {
        throw StorageError(.badInput, "", error.text)
      }
    }
    guard name == .default else { return nil }
    let builtIn = PoolDefinition(
      type: .dir, name: name, uuid: .derived(from: "pool:\(name)"),
      target: PoolTarget(path: host.data))
    return (builtIn, .builtIn)
  }

  /// Where a definition stands that cannot be read: a document or a section of that name; nil for neither.
  package func placeOfUnreadable(_ name: PoolName) -> DefinitionOrigin? {
    if (try? FileStatus(following: document(name))) != nil { return .document(document(name)) }
    let section = Configuration(self).document.section(named: name.text)
    return section.map { .section(confFile, line: $0.line) }
  }

  private func documents(in folder: Path) throws(StorageError) -> [PoolName] {
    let entries: [Folder.Entry]
    do throws(StorageError) { entries = try Folder(opening: folder).entries() } catch {
      // Only what is not there is empty; what cannot be read may hold anything.
      if error.isAbsence { return [] }
      throw error
    }
    return entries.compactMap { entry in
      guard entry.name.hasSuffix(".xml"), entry.kind != .folder else { return nil }
      return try? PoolName(String(entry.name.dropLast(4)))
    }
  }

  private func conf() throws(StorageError) -> ConfDocument {
    let bytes = try PoolStore.contents(confFile, limit: Int(ConfDocument.sizeLimit.bytes) + 1)
    guard let bytes else { return .empty(file: confFile.text) }
    do throws(ConfProblem) {
      return try ConfDocument.parse(bytes, file: confFile.text)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The sections of storage.conf, in their order.
  package func sections() throws(StorageError) -> [ConfSection] { try conf().sections }

  private func read(_ document: Path) throws(StorageError) -> PoolDefinition? {
    guard let bytes = try PoolStore.contents(document, limit: 1 << 20) else { return nil }
    do throws(XMLProblem) {
      return try PoolXML.read(bytes, file: document.text, validate: false)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  private static func contents(_ file: Path, limit: Int) throws(StorageError) -> [UInt8]? {
    do throws(StorageError) {
      let opened = try Descriptor(reading: file)
      guard try opened.status().kind == .regular else {
        throw StorageError(.badInput, file.text, "is not a regular file")
      }
      return try opened.readAll(limit: limit)
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
  }

  package static func notFound(_ text: String) -> StorageError {
    StorageError(
      .notFound, "failed to get pool '\(text)'",
      "Storage pool not found: no storage pool with matching name '\(text)'")
  }

  // MARK: Changing

  /// Writes a pool's definition as an XML document.
  ///
  /// What would be lost or shadowed is the caller's to check.
  package func write(_ pool: PoolDefinition, _ steps: Steps) throws(StorageError) {
    let file = document(pool.name)
    try steps.run("write definition '\(file)'") { () throws(StorageError) in
      try HostFolders.make(file.parent).write(
        PoolStore.warning + PoolXML.write(pool), to: file.lastComponent, mode: 0o644)
    }
  }

  /// Adds or replaces a pool's section in storage.conf; comments and order stay.
  package func writeSection(_ pool: PoolDefinition, _ steps: Steps) throws(StorageError) {
    try edit("write section [\(pool.name)] of '\(confFile)'", steps) { conf throws(ConfProblem) in
      let entries = try PoolConf.entries(for: pool, file: confFile.text)
      let name = pool.name.text
      if let present = conf.section(named: name) {
        guard Set(present.own.map(\.key)).subtracting(entries.map(\.0)).isEmpty else {
          try conf.removeSection(name)
          return try conf.addSection(name, entries)
        }
        for (key, value) in entries { try conf.set(section: name, key: key, value: value) }
      } else {
        try conf.addSection(name, entries)
      }
    }
  }

  /// Puts an edited section in the place of a pool's in storage.conf.
  package func writeSection(_ name: PoolName, _ text: String, _ steps: Steps) throws(StorageError) {
    try edit("write section [\(name)] of '\(confFile)'", steps) { conf throws(ConfProblem) in
      try conf.replaceSection(name.text, with: Array(text.utf8))
    }
  }

  /// A pool's section of storage.conf as it stands there.
  /// - Throws: `badInput` where it stands in several places.
  package func sectionText(_ name: PoolName) throws(StorageError) -> String {
    let conf = try conf()
    do throws(ConfProblem) {
      return String(decoding: try conf.text(ofSection: name.text), as: UTF8.self)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The pool that a section would define in the place of the one that stands in storage.conf.
  package func pool(_ name: PoolName, bySection text: String) throws(StorageError) -> PoolDefinition
  {
    var conf = try conf()
    do throws(ConfProblem) {
      try conf.replaceSection(name.text, with: Array(text.utf8))
      guard let section = conf.section(named: name.text) else {
        throw ConfProblem(file: confFile.text, message: "no section [\(name)]")
      }
      return try PoolConf.definition(of: section, file: confFile.text, defaultFolder: host.data)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// Removes a pool's definition and its autostart link.
  ///
  /// Data and live state stay.
  package func remove(_ name: PoolName, at origin: DefinitionOrigin, _ steps: Steps)
    throws(StorageError)
  {
    try setAutostart(false, name, at: origin, steps)
    switch origin {
    case .document(let file):
      try steps.run("remove definition '\(file)'") { () throws(StorageError) in
        let folder = try Folder(opening: file.parent)
        try folder.remove(file.lastComponent)
        try folder.sync()
      }
    case .section:
      try edit("remove section [\(name)] of '\(confFile)'", steps) {
        conf throws(ConfProblem) in
        try conf.removeSection(name.text)
      }
    case .builtIn, .none: break
    }
  }

  private func edit(
    _ description: String, _ steps: Steps,
    _ change: (inout ConfDocument) throws(ConfProblem) -> Void
  ) throws(StorageError) {
    var conf = try conf()
    do throws(ConfProblem) { try change(&conf) } catch {
      throw StorageError(.badInput, "", error.text)
    }
    let text = String(decoding: conf.bytes, as: UTF8.self)
    try steps.run(description) { () throws(StorageError) in
      let folder = try HostFolders.make(confFile.parent)
      let mode = try folder.status(confFile.lastComponent)?.mode ?? 0o644
      try folder.write(text, to: confFile.lastComponent, mode: mode)
    }
  }

  /// Makes or removes the autostart link.
  package func setAutostart(
    _ on: Bool, _ name: PoolName, at origin: DefinitionOrigin, _ steps: Steps
  ) throws(StorageError) {
    guard isAutostarted(name) != on else { return }
    let link = "\(name).xml"
    if !on {
      return try steps.run("remove link '\(autostartFolder.appending(link))'") {
        () throws(StorageError) in
        let folder = try Folder(opening: autostartFolder)
        try folder.remove(link)
        try folder.sync()
      }
    }
    var target = "../\(link)"
    if case .section = origin { target = "../../storage.conf" }
    if case .builtIn = origin { target = "../../storage.conf" }
    try steps.run("make link '\(autostartFolder.appending(link))' to '\(target)'") {
      () throws(StorageError) in
      let folder = try HostFolders.make(autostartFolder)
      try folder.makeSymbolicLink(link, to: target)
      try folder.sync()
    }
  }

  private func isAutostarted(_ name: PoolName) -> Bool {
    guard let folder = try? Folder(opening: autostartFolder) else { return false }
    return (try? folder.status("\(name).xml")) != nil
  }

  /// Records that a pool is started, with the definition that holds until it is stopped.
  package func setLive(
    _ pool: PoolDefinition, _ steps: Steps, undo: (() throws(StorageError) -> Void)? = nil
  ) throws(StorageError) {
    let folder = try liveFolder()
    try steps.run("mark pool '\(pool.name)' as started in '\(folder)'", undo: undo) {
      () throws(StorageError) in
      try HostFolders.make(folder).write(
        PoolXML.write(pool), to: "\(pool.name).xml", mode: 0o644)
    }
  }

  /// Records that a pool is stopped.
  package func clearLive(_ name: PoolName, _ steps: Steps) throws(StorageError) {
    let folder = try liveFolder()
    try steps.run("unmark pool '\(name)' as started in '\(folder)'") { () throws(StorageError) in
      try Folder(opening: folder).remove("\(name).xml")
    }
  }

  private static let warning = """
    <!--
    Written by pool-define. Change it with pool-define; edits made here hold from the next start.
    -->

    """
}
