import StorageBackend
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
  /// There is always one named `default`.
  /// A running pool is described by what it was started with, whatever became of its definition; the record then
  /// tells the problem.
  /// - Throws: `badInput` where an inactive pool's definition cannot be read, or stands in two places.
  package func pool(_ name: PoolName) throws(StorageError) -> PoolRecord? {
    try pool(name, try Configuration(self))
  }

  /// Every pool, sorted by name without regard to case, and a line for each definition that cannot be read.
  ///
  /// - Parameter withUnused: the built-in pool is among them also where nobody uses it.
  package func all(withUnused: Bool = false) throws(StorageError)
    -> (pools: [PoolRecord], warnings: [String])
  {
    let (pools, problems) = try survey(withUnused: withUnused)
    // One broken file can be in the way of several pools.
    return (pools, Set(problems.map { ByteString($0.text) }).sorted().map(\.text))
  }

  /// All pools, for whoever decides by what the others are.
  /// - Throws: also where the system failed at a definition: which pool that is, is not known. One that makes no sense is
  ///   that of no pool.
  package func forDecision() throws(StorageError) -> [PoolRecord] {
    let (pools, unread) = try withUnread()
    if let unread { throw unread }
    return pools
  }

  /// All pools that could be read, and the system's error at a definition that could not; nil where all could.
  ///
  /// For whoever looks for something in them: what is not found may be in the one that could not be read.
  package func withUnread() throws(StorageError) -> (pools: [PoolRecord], unread: StorageError?) {
    let (pools, problems) = try survey()
    return (pools, problems.first { $0.number != nil })
  }

  /// As `all`, with an error for each definition that cannot be read: `badInput` where what it says makes no sense.
  package func survey(withUnused: Bool = false) throws(StorageError)
    -> (pools: [PoolRecord], problems: [StorageError])
  {
    let conf = try Configuration(self)
    var (names, problems) = try names(conf)
    if let problem = conf.problem { problems.append(problem) }
    var pools: [PoolRecord] = []
    for name in names {
      do throws(StorageError) {
        guard let pool = try pool(name, conf), withUnused || !pool.isUnused else { continue }
        pools.append(pool)
        if let problem = pool.problem { problems.append(problem) }
      } catch {
        problems.append(error)
      }
    }
    let sorted = pools.map { ($0, ByteString($0.name.text.lowercasedASCII)) }
      .sorted { ($0.1, $0.0.name) < ($1.1, $1.0.name) }
    return (sorted.map(\.0), problems)
  }

  /// The names that are defined anywhere, and an error for each section that cannot be a pool's.
  func names(_ conf: Configuration) throws(StorageError) -> (
    names: Set<PoolName>, problems: [StorageError]
  ) {
    var names: Set<PoolName> = [.default]
    var problems: [StorageError] = []
    for section in conf.document.sections {
      do throws(NameProblem) { names.insert(try PoolName(section.name)) } catch {
        problems.append(
          StorageError(.badInput, "", "\(confFile):\(section.line): pool \(error.text)"))
      }
    }
    for folder in [host.configuration.appending("pools"), conf.live] {
      names.formUnion(try documents(in: folder))
    }
    return (names, problems)
  }

  /// What is read once for all pools.
  struct Configuration {
    /// storage.conf as it is, or why it cannot be read.
    var document: ConfDocument
    var problem: StorageError?
    let live: Path
    /// The names of the autostart links.
    let links: Set<ByteString>

    init(_ store: PoolStore) throws(StorageError) {
      document = .empty(file: store.confFile.text)
      live = try store.liveFolder()
      links = Set(try PoolStore.entries(of: store.autostartFolder).map { ByteString($0.name) })
      do throws(StorageError) {
        let conf = try store.conf()
        if let found = conf.problem {
          problem = StorageError(.badInput, "", found.text)
        } else {
          document = conf
        }
      } catch {
        problem = error
      }
    }
  }

  func pool(_ name: PoolName, _ conf: Configuration) throws(StorageError) -> PoolRecord? {
    let live = try read(conf.live.appending("\(name).xml"))
    var problem: StorageError?
    var found: (PoolDefinition, DefinitionOrigin)?
    do throws(StorageError) { found = try definition(of: name, conf) } catch {
      guard live != nil else { throw error }
      problem = error
    }
    var record = PoolRecord(
      persistent: found?.0, origin: found?.1 ?? .none, live: live,
      isAutostarted: conf.links.contains("\(name).xml"))
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
          of: section, file: confFile.text, defaultFolder: host.data,
          callbacks: CallbackConfiguration.keys(on: host))
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

  /// Where a definition stands that cannot be understood: a document, a section of that name, or both.
  ///
  /// A section need not be called as a pool can be.
  package func placesOfUnreadable(_ text: String) throws(StorageError) -> [DefinitionOrigin] {
    var places: [DefinitionOrigin] = []
    if let file = (try? PoolName(text)).map(document),
      try Folder.ifPresent(file.parent)?.status(file.lastComponent) != nil
    {
      places.append(.document(file))
    }
    if let section = try conf().section(named: text) {
      places.append(.section(confFile, line: section.line))
    }
    return places
  }

  package func documents(in folder: Path) throws(StorageError) -> [PoolName] {
    try PoolStore.entries(of: folder).compactMap { entry in
      guard let name = entry.name.without(suffix: ".xml"), entry.kind != .folder else { return nil }
      return try? PoolName(String(name))
    }
  }

  private static func entries(of folder: Path) throws(StorageError) -> [Folder.Entry] {
    do throws(StorageError) { return try Folder(opening: folder).entries() } catch {
      // Only what is not there is empty; what cannot be read may hold anything.
      if error.isAbsence { return [] }
      throw error
    }
  }

  /// The definition of a pool in a folder of live ones; nil where there is none.
  package func definition(_ name: PoolName, in folder: Path) throws(StorageError) -> PoolRecord? {
    let live = try read(folder.appending("\(name).xml"))
    return PoolRecord(persistent: nil, origin: .none, live: live, isAutostarted: false)
  }

  /// storage.conf; what cannot be understood in it is a matter of the section that it stands in.
  private func conf() throws(StorageError) -> ConfDocument {
    let bytes = try PoolStore.contents(confFile, limit: Int(ConfDocument.sizeLimit.bytes) + 1)
    guard let bytes else { return .empty(file: confFile.text) }
    do throws(ConfProblem) {
      return try ConfDocument.parse(bytes, file: confFile.text, tolerant: true)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The sections of storage.conf, in their order.
  /// - Throws: also where it is not known which there are.
  package func sections() throws(StorageError) -> [ConfSection] {
    let conf = try conf()
    if let problem = conf.problem { throw StorageError(.badInput, "", problem.text) }
    return conf.sections
  }

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

  /// What killed commands left among the definitions: the folder, and the names in it.
  ///
  /// Nobody writes there who does not hold the lock of the definitions.
  package func leftovers() throws(StorageError) -> [(folder: Folder, name: String)] {
    let places: [(Path, (String) -> Bool)] = [
      (host.configuration, { $0 == confFile.lastComponent }),
      (document(.default).parent, { $0.hasSuffix(".xml") }),
      (autostartFolder, { $0.hasSuffix(".xml") }),
    ]
    var found: [(folder: Folder, name: String)] = []
    for (path, isMeant) in places {
      do throws(StorageError) {
        let folder = try Folder(opening: path)
        found += try folder.temporaries(isMeant).map { (folder, $0) }
      } catch {
        guard error.isAbsence else { throw error }
      }
    }
    return found
  }

  // MARK: Changing

  /// Writes a pool's definition as an XML document.
  ///
  /// What would be lost or shadowed is the caller's to check.
  package func write(_ pool: PoolDefinition, _ steps: Steps) throws(StorageError) {
    let file = document(pool.name)
    try steps.run("write definition '\(file)'") { () throws(StorageError) in
      let folder = try HostFolders.make(file.parent)
      // Whoever writes here holds the lock of the definitions, so nobody is at it now.
      try folder.removeTemporaries { $0.hasSuffix(".xml") }
      try folder.write(
        PoolStore.warning + PoolXML.write(pool), to: file.lastComponent, mode: 0o644)
    }
  }

  /// Adds or replaces a pool's section in storage.conf; comments and order stay.
  package func writeSection(_ pool: PoolDefinition, _ steps: Steps) throws(StorageError) {
    try edit("write section [\(pool.name)] of '\(confFile)'", steps) { conf throws(ConfProblem) in
      let entries = try PoolConf.entries(
        for: pool, file: confFile.text, callbacks: CallbackConfiguration.keys(on: host))
      let name = pool.name.text
      if let present = conf.section(named: name) {
        let keys = entries.map(\.0)
        guard present.own.allSatisfy({ keys.contains($0.key) }) else {
          try conf.removeSection(name)
          return try conf.addSection(name, entries)
        }
        for (key, value) in entries { try conf.set(section: name, key: key, value: value) }
      } else {
        try conf.addSection(name, entries)
      }
    }
  }

  /// Writes the life-cycle defaults of a pool into its section of storage.conf, and nothing else.
  package func setLifecycle(_ pool: PoolDefinition, _ steps: Steps) throws(StorageError) {
    let name = pool.name.text
    try edit("write section [\(name)] of '\(confFile)'", steps) { conf throws(ConfProblem) in
      for (key, value) in PoolConf.lifecycleEntries(of: pool) {
        if let value {
          try conf.set(section: name, key: key, value: value)
        } else {
          try conf.removeKey(key, section: name)
        }
      }
    }
  }

  /// Puts an edited section in the place of a pool's in storage.conf.
  package func writeSection(_ name: PoolName, _ text: [UInt8], _ steps: Steps)
    throws(StorageError)
  {
    try edit("write section [\(name)] of '\(confFile)'", steps) { conf throws(ConfProblem) in
      try conf.replaceSection(name.text, with: text)
    }
  }

  /// A pool's section of storage.conf as it stands there, byte for byte.
  /// - Throws: `badInput` where it stands in several places.
  package func sectionText(_ name: PoolName) throws(StorageError) -> [UInt8] {
    let conf = try conf()
    do throws(ConfProblem) { return try conf.text(ofSection: name.text) } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The pool that a section would define in the place of the one that stands in storage.conf.
  package func pool(_ name: PoolName, bySection text: [UInt8]) throws(StorageError)
    -> PoolDefinition
  {
    var conf = try conf()
    do throws(ConfProblem) {
      try conf.replaceSection(name.text, with: text)
      guard let section = conf.section(named: name.text) else {
        throw ConfProblem(file: confFile.text, message: "no section [\(name)]")
      }
      return try PoolConf.definition(
        of: section, file: confFile.text, defaultFolder: host.data,
        callbacks: CallbackConfiguration.keys(on: host))
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
    try remove(name.text, at: origin, steps)
  }

  /// Removes a definition whose name need be none that a pool can have.
  package func remove(_ name: String, at origin: DefinitionOrigin, _ steps: Steps)
    throws(StorageError)
  {
    switch origin {
    case .document(let file):
      try steps.run("remove definition '\(file)'") { () throws(StorageError) in
        let folder = try Folder(opening: file.parent)
        try folder.remove(file.lastComponent)
        try folder.confirm()
      }
    case .section:
      try edit("remove section [\(name)] of '\(confFile)'", steps) {
        conf throws(ConfProblem) in
        try conf.removeSection(name)
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
    let content = conf.bytes
    try steps.run(description) { () throws(StorageError) in
      let folder = try HostFolders.make(confFile.parent)
      let mode = try folder.status(confFile.lastComponent)?.mode ?? 0o644
      try folder.write(content, to: confFile.lastComponent, mode: mode)
    }
  }

  /// Makes or removes the autostart link.
  package func setAutostart(
    _ on: Bool, _ name: PoolName, at origin: DefinitionOrigin, _ steps: Steps
  ) throws(StorageError) {
    guard try isAutostarted(name) != on else { return }
    let link = "\(name).xml"
    if !on {
      return try steps.run("remove link '\(autostartFolder.appending(link))'") {
        () throws(StorageError) in
        let folder = try Folder(opening: autostartFolder)
        try folder.remove(link)
        try folder.confirm()
      }
    }
    // That of the built-in pool waits for a definition.
    var target = "../\(link)"
    if case .section = origin { target = "../../storage.conf" }
    try steps.run("make link '\(autostartFolder.appending(link))' to '\(target)'") {
      () throws(StorageError) in
      let folder = try HostFolders.make(autostartFolder)
      try folder.makeSymbolicLink(link, to: target)
      try folder.confirm()
    }
  }

  private func isAutostarted(_ name: PoolName) throws(StorageError) -> Bool {
    do throws(StorageError) {
      return try Folder(opening: autostartFolder).status("\(name).xml") != nil
    } catch {
      if error.isAbsence { return false }
      throw error
    }
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
