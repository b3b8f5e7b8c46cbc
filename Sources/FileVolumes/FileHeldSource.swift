import StorageBackend
import StorageModel
import StorageOS

/// The state that a snapshot was made from, which is held as long as the snapshot is started.
extension FileBackend {
  /// Lets go of the state that a snapshot was made from.
  /// - Throws: `busy` where what lies there is content that nothing else has.
  func dropHeldSource(of volume: Volume) throws(StorageError) {
    guard volume.properties.snapOnStart else { return }
    try refuseToDropContent(of: volume)
    let folder = try folder()
    let path = Path(heldSourcePath(of: volume))
    let place = path.parent.text == "." ? folder : try folder.folderIfPresent(path.parent.text)
    try place?.remove(path.lastComponent)
  }

  /// Gives the state that a snapshot was made from a temporary name, under which it can come back.
  /// - Returns: where it is; nil where there is none.
  func setHeldSourceAside(of volume: Volume) throws(StorageError) -> (
    place: Folder, name: String
  )? {
    guard volume.properties.snapOnStart else { return nil }
    try refuseToDropContent(of: volume)
    let files = files(volume.name)
    let place = try home(of: files)
    guard try place.status(files.committed) != nil else { return nil }
    let name = "\(files.committed)~\(randomSuffix())"
    try place.rename(files.committed, to: name)
    return (place, name)
  }

  func refuseToDropContent(of volume: Volume) throws(StorageError) {
    guard !files(volume.name).isPlain, volume.properties.kind == .snapshot,
      let found = try unexpectedContent(of: volume.name, volume.properties, in: folder())
    else { return }
    throw found.refusal(volume.subject)
  }
}
