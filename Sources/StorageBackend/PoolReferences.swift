import StorageModel

/// What the images of a pool refer to.
package struct PoolReferences: Sendable {
  /// One file of a volume.
  package struct Image: Sendable {
    package let volume: VolumeName
    package let path: Path
    package let references: [Reference]

    package init(volume: VolumeName, path: Path, references: [Reference]) {
      self.volume = volume
      self.path = path
      self.references = references
    }
  }

  /// What one name in an image's header can lead to.
  package struct Reference: Sendable {
    package let role: FileReference.Role
    package let candidates: [Path]
    /// The one file that is meant; nil where that depends on who opens the image, or is no file of this machine.
    package let file: Path?

    package init(_ reference: FileReference, beside image: Path) {
      role = reference.role
      candidates = reference.candidates(beside: image)
      guard case .file(let name) = reference.place else {
        file = nil
        return
      }
      file = name.hasPrefix("/") ? Path(name) : image.parent.appending(name)
    }
  }

  /// A file, or a folder of files, that could not be looked at.
  package struct Unread: Sendable {
    /// The volume whose file it is; nil where it may hold files of any.
    package let volume: VolumeName?
    package let error: StorageError

    package init(_ volume: VolumeName?, _ error: StorageError) {
      self.volume = volume
      self.error = error
    }
  }

  package var images: [Image] = []
  package var unread: [Unread] = []
  package init() {}
}
