import StorageModel

/// A pool that looks at each of its volumes by itself, so that a list of a hundred thousand never has all of them at a time.
package protocol ListingBackend: PoolBackend {
  /// What may be volumes, as far as it costs no look at each.
  func namesToList() throws(StorageError) -> NamesToList
  /// Looks at some of them, in their order; what turns out to be no volume is left out.
  func look(at names: [VolumeName], of all: NamesToList) throws(StorageError) -> [Volume]
}

/// The names that a list is made from.
package struct NamesToList: Sendable {
  /// Each once, in no order.
  package var names: [VolumeName] = []
  /// Those that have a record.
  package var recorded: Set<VolumeName> = []
  /// Whether these are all; not where this user may not see records.
  package var knowsRecords = true
  /// Lines about what is in the pool and cannot be listed.
  package var warnings: [String] = []

  package init() {}

  /// Whether a volume has a record; nil where it has to be looked for.
  package func hasRecord(_ name: VolumeName) -> Bool? {
    knowsRecords ? recorded.contains(name) : nil
  }
}

extension ListingBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    var listing = VolumeListing()
    let all = try namesToList()
    listing.warnings = all.warnings
    listing.volumes = try look(at: all.names, of: all)
    return listing
  }
}
