import StorageModel
import StorageOS

/// Whose use of a file counts.
package enum FileUsers: Sendable { case writers, anyone }

/// Pools whose volumes' contents can be reached: handed out and exported.
///
/// A pool that is no `ContentBackend` besides is read-only. Nobody has a session with its volumes: a start hands out the
/// device, as often as it is asked for, and nothing has to be stopped.
package protocol ReadingBackend: PoolBackend {
  /// The path of the device of a started volume.
  func devicePath(of volume: Volume) -> Path
  /// Makes the committed state itself the device of a volume that changes in place and is about to be started.
  ///
  /// Nobody else's state changes with it: blocks or files that are shared with a revision become its own before.
  /// - Throws: where the content is known to be half done.
  func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Ends what `exposeCommitted` began, once the device is closed; what was written is the committed state and is durable
  /// when this returns.
  func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Opens the committed state, or a revision, for reading. Stays readable whatever happens to its name.
  func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError) -> Descriptor
  /// Who has the volume open, as `COMMAND (pid N)`, or uses it otherwise.
  func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String]
  /// Claims the volume's images in QEMU's own way, for as long as the result lives.
  /// - Throws: `busy` where a running QEMU has one.
  func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError) -> [FileClaim]
  /// Removes what an interrupted command on this volume left, as far as that needs no decision.
  func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError)
}

extension ReadingBackend {
  package func claim(_ volume: Volume, for use: ImageLock.Use) throws(StorageError)
    -> [FileClaim]
  { [] }
}
