import StorageModel
import StorageOS

/// Pools whose volumes' contents can be changed as well as read: imported, and written to in place.
///
/// This is all that a volume needs which changes in place; such volumes are the only ones of a pool that is no
/// `LifecycleBackend`.
package protocol ContentBackend: ReadingBackend {
  /// Puts the content that `fill` writes in the place of the committed state, which becomes a revision where
  /// revisions are kept. Files get the new size; devices keep theirs, and read as zeroes behind the content.
  /// - Parameter size: how many bytes `fill` writes, so that what has no room is refused beforehand.
  func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError)
  /// Whether `replaceCommitted` leaves the volume as it was when `fill` throws; otherwise it writes over the content.
  var replacesAtomically: Bool { get }
  /// Lets `change` write into a part of the committed state in place, and brings that to disk.
  ///
  /// A size is changed by nobody, except that an image of a format other than raw may grow. Only of volumes that
  /// change in place: a state that others hold on to is replaced. Until all is on disk the record says that the part
  /// is half done.
  /// - Parameter change: returns where it stopped, which can be before the end of the part.
  func changeCommitted(
    of volume: Volume, in part: Range<Int64>, _ steps: Steps,
    _ change: (Descriptor) throws(StorageError) -> ByteCount
  ) throws(StorageError)
  /// Stores properties. They hold from the next start.
  func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  /// Remembers which sectors the content is made for, where that is not the device's own affair; nil means the usual
  /// ones.
  func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps) throws(StorageError)
  /// Refuses a format that volumes of the pool cannot have.
  func checkFormat(_ format: VolumeFormat, of volume: Volume) throws(StorageError)
  /// Records which format the content has, where that is remembered.
  func setFormat(_ format: VolumeFormat, of volume: Volume, _ steps: Steps) throws(StorageError)
}

extension ContentBackend {
  package func setFormat(_ format: VolumeFormat, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {}

  /// For volumes that are the disk itself.
  package func checkFormat(_ format: VolumeFormat, of volume: Volume) throws(StorageError) {
    try refuseFormat(format, of: volume)
  }

  package func refuseFormat(_ format: VolumeFormat, of volume: Volume) throws(StorageError) {
    guard !format.isRaw else { return }
    throw StorageError(
      .unsupported, volume.subject, "is raw as every volume of its pool, not \(format.rawValue)")
  }

  package func setSectorSize(_ size: ByteCount?, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {}

  package var replacesAtomically: Bool { false }
}
