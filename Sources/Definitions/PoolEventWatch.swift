import StorageConf
import StorageHost
import StorageModel
import StorageOS

/// Sees what any process does to pools: looks at the folders of definitions and of started pools.
///
/// There is nobody who sends events. A definition that is written or removed, also by hand, and a pool that is marked
/// as started or no longer, are seen by their files; so an event is told exactly if its change was made, however the
/// command that made it ended. What leaves no such trace is told by `Storage.tell`.
package final class PoolEventWatch {
  private let store: PoolStore
  private let watch: FolderWatch
  private let definitions: Path
  /// The documents as last seen, to tell a change from a file that was only closed.
  private var documents: [ByteString: [UInt8]] = [:]
  private var sections: [ByteString: ConfSection] = [:]

  private enum Place: Int, CaseIterable { case configuration, definitions, live, marks }

  /// Begins to watch; what happens from now on is told by `next`.
  ///
  /// Makes the folders that are not there yet.
  package init(host: HostFolders) throws(StorageError) {
    store = PoolStore(host: host)
    definitions = host.configuration.appending("pools")
    var folders = [host.configuration, definitions, try host.currentBoot().appending("pools")]
    for what in PoolEvent.marked { folders.append(try PoolEvent.folder(of: what, host: host)) }
    for folder in folders { _ = try HostFolders.make(folder) }
    watch = try FolderWatch(folders)
    for entry in try Folder(opening: definitions).entries() where pool(of: entry.name) != nil {
      documents[entry.name] = contents(of: entry.name)
    }
    sections = readSections() ?? [:]
  }

  /// Waits for events.
  /// - Parameter deadline: on the clock of `Clock.monotonicSeconds`; nil waits for ever.
  /// - Returns: events in the order they happened; none where the time was up first.
  /// - Throws: `interrupted` where the process was asked to stop.
  package func next(until deadline: Double?) throws(StorageError) -> [PoolEvent] {
    while true {
      let changes = try watch.next(until: deadline)
      let events = changes.flatMap(events)
      if !events.isEmpty || changes.isEmpty { return events }
    }
  }

  private func events(_ change: FolderWatch.Event) -> [PoolEvent] {
    switch Place(rawValue: change.folder) {
    case .configuration: return change.name == store.confFile.lastComponent ? sectionEvents() : []
    case .definitions: return documentEvent(change)
    case .live:
      guard let pool = pool(of: change.name) else { return [] }
      switch change.change {
      case .arrived: return [PoolEvent(pool, .started)]
      case .gone: return [PoolEvent(pool, .stopped)]
      case .made, .written: return []
      }
    case .marks, nil:
      guard change.change == .made, let pool = try? PoolName(change.name) else { return [] }
      return [PoolEvent(pool, PoolEvent.marked[change.folder - Place.marks.rawValue])]
    }
  }

  /// The pool that a document's file name stands for; nil for other files.
  private func pool(of file: String) -> PoolName? {
    file.without(suffix: ".xml").flatMap { try? PoolName(String($0)) }
  }

  private func documentEvent(_ change: FolderWatch.Event) -> [PoolEvent] {
    guard let pool = pool(of: change.name) else { return [] }
    switch change.change {
    case .made: return []
    case .gone:
      documents[change.name] = nil
      return [PoolEvent(pool, .undefined)]
    case .arrived:
      documents[change.name] = contents(of: change.name)
      return [PoolEvent(pool, .defined)]
    case .written:
      // Our own files are closed after they were put in place.
      let now = contents(of: change.name)
      guard let now, documents[change.name] != now else { return [] }
      documents[change.name] = now
      return [PoolEvent(pool, .defined)]
    }
  }

  private func contents(of file: String) -> [UInt8]? {
    try? Descriptor(reading: definitions.appending(file)).readAll(limit: 1 << 20)
  }

  // MARK: storage.conf

  private func sectionEvents() -> [PoolEvent] {
    // What cannot be read now will be mended, and says then what changed.
    guard let now = readSections() else { return [] }
    let before = sections
    sections = now
    let gone = before.keys.filter { now[$0] == nil }.sorted().map(\.text)
    let changed = now.values.filter { !$0.says(before[$0.name]) }.sorted { $0.line < $1.line }
    func events(_ names: [String], _ what: PoolEvent.What) -> [PoolEvent] {
      names.compactMap { try? PoolName($0) }.map { PoolEvent($0, what) }
    }
    return events(gone, .undefined) + events(changed.map(\.name), .defined)
  }

  private func readSections() -> [ByteString: ConfSection]? {
    guard let sections = try? store.sections() else { return nil }
    return Dictionary(sections.map { (ByteString($0.name), $0) }) { first, _ in first }
  }
}

extension ConfSection {
  /// Whether it says the same as another, wherever in the file it stands.
  fileprivate func says(_ other: ConfSection?) -> Bool {
    guard let other else { return false }
    return entries.elementsEqual(other.entries) { $0.key == $1.key && $0.value == $1.value }
  }
}
