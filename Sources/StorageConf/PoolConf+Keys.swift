import StorageModel

extension PoolConf {
  /// A key of a section, for the manual page.
  package struct Key: Equatable, Sendable {
    package var name: String
    /// The words of `driver` with which it is known; empty where that is so with all of them.
    package var drivers: [String]
  }

  /// Every key: first those of all sections, then those of the drivers in their order.
  package static var keys: [Key] {
    let own = PoolDriver.all.map { ($0.word, $0.driver.ownKeys) }
    var keys = PoolDriver.commonKeys.map { Key(name: $0, drivers: []) }
    for name in own.flatMap(\.1) where !keys.contains(where: { $0.name == name }) {
      keys.append(Key(name: name, drivers: own.filter { $0.1.contains(name) }.map(\.0)))
    }
    return keys
  }
}

extension PoolDriver {
  /// Each driver by its word.
  ///
  /// ZFS has two of one word, with different keys.
  fileprivate static var all: [(word: String, driver: PoolDriver)] {
    FileDriver.allCases.filter(\.isFolderOfQubes).map {
      ($0.rawValue, PoolDriver(kind: .files($0), type: .dir))
    } + [("lvm_thin", PoolDriver(kind: .thin, type: .logical))]
      + [("callback", PoolDriver(kind: .callback, type: .dir))]
      + [("zfs", PoolDriver(kind: .zfs, type: .zfs))]
      + PoolType.allCases.map { ($0.rawValue, PoolDriver(kind: .type, type: $0)) }
  }
}
