import StorageBackend
import StorageModel

extension ActivePool {
  /// Which state the committed one of a volume is, or that of a revision.
  ///
  /// Nil where that is not known: in pools whose volumes keep no states, of content that is half written, and while
  /// somebody writes into the committed state itself.
  package func stateID(of volume: Volume, at revision: Revision? = nil) throws(StorageError)
    -> StateID?
  {
    guard let backend = backend.able(to: .revisions) else { return nil }
    if revision == nil {
      guard volume.hasCommitted, volume.unfinished == nil, volume.definition.kind != .dir,
        !(volume.isOwnDevice && volume.state == .running),
        volume.contradiction?.kind != .foreignSession
      else { return nil }
    }
    return try backend.stateID(of: volume, at: revision)
  }
}
