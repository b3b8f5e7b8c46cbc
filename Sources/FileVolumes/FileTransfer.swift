import StorageCore
import StorageModel
import StorageOS

/// Writing into a volume's file.
extension FileBackend {
  /// A new state is written beside the old one and takes its place in one rename.
  package var replacesAtomically: Bool { true }

  package func changeCommitted(
    of volume: Volume, _ steps: Steps, _ change: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    let files = files(volume.name)
    try pinFormat(of: volume, steps)
    try steps.run("write into '\(path(of: volume.name))'") { () throws(StorageError) in
      try prepareChange(of: files)
      let file = try home(of: files).openForWriting(files.committed)
      try change(file)
      try file.sync()
    }
  }
}
