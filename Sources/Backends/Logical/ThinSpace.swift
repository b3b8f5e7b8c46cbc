import StorageBackend
import StorageModel
import VolumeGroups

/// Room in the thin pool: a pool that runs full damages every volume in it.
extension ThinBackend {
  /// Per cent of data and metadata that have to stay free, where nobody says otherwise.
  private static let usualReserve = 5

  /// Refuses to begin what takes space when too little would be left.
  func checkRoom(_ steps: Steps) throws(StorageError) {
    try check(steps, reserve: steps.reserve ?? ThinBackend.usualReserve)
  }

  /// Refuses to commit what may not have been written: a full pool has answered writes with errors.
  ///
  /// Reserves count only where somebody asked for them, because a commit takes no data and a little metadata.
  func checkIsWhole(_ steps: Steps) throws(StorageError) {
    try check(steps, reserve: steps.reserve ?? 0)
  }

  private func check(_ steps: Steps, reserve: Int) throws(StorageError) {
    let found = try thinPool(in: report.knownGroup())
    if let health = found.health {
      throw StorageError(.noSpace, thinSubject, health, hint: steps.reserve == nil ? hint : nil)
    }
    for (what, fill) in [("data", found.dataFill), ("metadata", found.metadataFill)] {
      guard let fill, fill >= 10_000 - reserve * 100, fill > 0 else { continue }
      throw StorageError(
        .noSpace, thinSubject,
        "its \(what) is \(percent(fill)) full, and \(reserve) % are to stay free", hint: hint)
    }
  }

  private var hint: String {
    "Make it larger with 'lvextend --size +SIZE \(full(thin))', or say how many per cent must stay free: --reserve 0"
  }

  private func percent(_ hundredths: Int) -> String {
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) %"
  }
}

extension ThinBackend: ThinUsageBackend {
  package func thinUsage() throws(StorageError) -> ThinUsage? {
    try thinPool(in: report.group()).thinUsage
  }
}

extension LogicalBackend: ThinUsageBackend {
  /// That of the group's one thin pool, which thin volumes are made in.
  package func thinUsage() throws(StorageError) -> ThinUsage? {
    try onlyThinPool()?.thinUsage
  }
}

extension LogicalVolume {
  /// How full a thin pool is; nil while it is not active, because only the kernel knows.
  var thinUsage: ThinUsage? {
    guard isThinPool, let dataFill, let metadataFill, let metadataSize else { return nil }
    return ThinUsage(
      data: size, usedData: part(of: size, dataFill), metadata: metadataSize,
      usedMetadata: part(of: metadataSize, metadataFill))
  }

  /// What is wrong with a thin pool, by its ninth attribute (lvs(8)); nil where all is well.
  var health: String? {
    switch attributes.count > 8 ? attributes[8] : 0 {
    case UInt8(ascii: "F"): return "has failed"
    case UInt8(ascii: "D"): return "is out of data space"
    case UInt8(ascii: "M"): return "has read-only metadata, as after running out of space for it"
    default: return nil
    }
  }
}
