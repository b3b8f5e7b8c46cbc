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
  package static let marked: [What] = [.created, .deleted, .refreshed]

  package static func folder(of what: What, host: HostFolders) throws(StorageError) -> Path {
    try host.currentBoot().appending("events").appending(what.rawValue.lowercased())
  }
}
