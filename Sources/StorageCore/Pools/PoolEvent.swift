import StorageHost
import StorageModel
import StorageOS

/// Something that happened to a pool.
package struct PoolEvent: Equatable, Sendable {
  /// What happened, in libvirt's words.
  package enum What: String, CaseIterable, Sendable {
    case defined = "Defined"
    case undefined = "Undefined"
    case started = "Started"
    case stopped = "Stopped"
    case created = "Created"
    case deleted = "Deleted"
    case refreshed = "Refreshed"

    package var kind: Kind { self == .refreshed ? .refresh : .lifecycle }
  }

  /// The kinds that can be waited for.
  package enum Kind: String, CaseIterable, Sendable { case lifecycle, refresh }

  package let pool: PoolName
  package let what: What

  package init(_ pool: PoolName, _ what: What) {
    self.pool = pool
    self.what = what
  }

  /// Events that leave no other trace: a file is made for a moment in a folder of this boot named after the event.
  static let marked: [What] = [.created, .deleted, .refreshed]

  static func folder(of what: What, host: HostFolders) throws(StorageError) -> Path {
    try host.currentBoot().appending("events").appending(what.rawValue.lowercased())
  }
}

extension Storage {
  /// Tells whoever waits for events that one happened which leaves no other trace.
  ///
  /// The file is made and removed at once: those who watch its folder see its name appear. Where nobody ever watched
  /// there is no folder, and nothing to do. Never fails: the change is done, whether or not anybody hears of it.
  func tell(_ what: PoolEvent.What, of pool: PoolName) {
    guard !isDryRun, let path = try? PoolEvent.folder(of: what, host: host),
      let folder = try? Folder(opening: path)
    else { return }
    // One that a crash left would be in the way.
    _ = try? folder.remove(pool.text)
    _ = try? folder.create(pool.text, mode: 0o600)
    _ = try? folder.remove(pool.text)
  }
}
