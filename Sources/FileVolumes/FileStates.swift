import StorageBackend
import StorageModel
import StorageOS

/// Which state a file is: its mark is an attribute of the file, which goes with it when it is renamed, and stays when
/// it gets a second name. Qubes' drivers know nothing of it, and make new files.
extension FileBackend {
  package func stateID(of volume: Volume, at revision: Revision?) throws(StorageError) -> StateID? {
    let files = files(volume.name)
    let file = revision.map { files.sidePath(files.revisionName($0)) } ?? files.committedPath
    guard let found = try folder().status(file, with: StateMark.attribute),
      found.status.kind == .regular
    else { return nil }
    return StateMark.identifier(of: found.status.fingerprint, keeping: found.attribute)
  }

  /// Gives a file whose content is whole the identifier of a new state.
  ///
  /// Where the file system keeps none it has the one that is derived.
  func mark(_ file: Descriptor, as identifier: StateID = .random()) throws(StorageError) {
    let mark = StateMark(try file.status().fingerprint, identifier)
    try StateMark.attribute.keep(mark.bytes, with: file)
  }

  /// Gives a copy of a state, which takes its place, the same identifier.
  func mark(_ copy: Descriptor, asCopyOf state: Descriptor) throws(StorageError) {
    let mark = try StateMark.attribute.bytes(of: state)
    try self.mark(
      copy, as: StateMark.identifier(of: state.status().fingerprint, keeping: mark))
  }
}

extension StateMark {
  static let attribute = FileAttribute("cistern.state")
}

extension FileStatus {
  /// What tells the state in a file from all others.
  ///
  /// Times of birth alone do not: of files that were made in one instant they are the same.
  var fingerprint: String {
    let born = timestamps.birth.map { " born \(FileStatus.text($0))" } ?? ""
    return "inode \(identity.inode)\(born) size \(size.bytes)"
      + " modified \(FileStatus.text(timestamps.modification))"
  }

  private static func text(_ time: Timestamp) -> String { "\(time.seconds)+\(time.nanoseconds)" }
}
