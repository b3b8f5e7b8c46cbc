import StorageBackend
import StorageModel
import StorageOS

extension Storage {
  /// Records what a volume's content is, after it was replaced by other means than these commands.
  ///
  /// From then on it is taken for nothing else, whatever a guest writes into it.
  /// - Throws: `badInput` for a format that the content has not; anything can be raw.
  package func setFormat(_ word: String, of text: String, in poolText: String?)
    throws(StorageError) -> (Change, ActivePool, VolumeName)
  {
    guard let format = VolumeFormat.images.first(where: { $0.rawValue == word }), format != .dir
    else {
      let known = VolumeFormat.images.filter { $0 != .dir }.map(\.rawValue).joined(separator: ", ")
      throw StorageError(
        .badInput, "format", "'\(word)' is not a format of images: expected \(known)")
    }
    return try changeVolume(text, in: poolText) {
      pool, backend, volume, steps throws(StorageError) in
      _ = try volume.transition(.configure)
      try backend.checkFormat(format, of: volume)
      guard volume.properties.kind.savesState else {
        throw StorageError(
          .unsupported, volume.subject, "keeps nothing, and is what it starts from")
      }
      try checkIsNoBase(volume, in: pool, steps)
      try checkUnused(volume, backend, committed: .anyone, claiming: .reading, steps)
      var wanted = volume
      wanted.definition.target.format = format
      if !format.isRaw { wanted.definition.target.encryption = nil }
      let state = try backend.openCommitted(volume, revision: nil)
      let acceptance = try acceptance(of: state, for: wanted, declared: format, in: pool, backend)
      // A base may stay that lies in a pool: who owns the pool says what the file is.
      let facts = try ImageProbe.probe(
        state, size: state.contentSize() ?? volume.capacity, as: format)
      try acceptance.requireKind(facts)
      if !format.isRaw, let backing = facts.backing {
        let path = volume.definition.target.path ?? Path("/")
        let store = BackingStore(path: backing.resolved(beside: path), format: backing.format)
        try checkChain(backingChain(from: store, above: [path]), volume.subject, steps)
      }
      try backend.setFormat(format, of: volume, steps)
    }
  }
}
