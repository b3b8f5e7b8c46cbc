import CStorageShim
import Glibc
import StorageModel

/// A few bytes that are kept with a file: an extended attribute of users (xattr(7)).
///
/// It belongs to the file, not to a name of it: it stays through renames and links, and no copy has it unless who copies
/// takes it along.
package struct FileAttribute: Sendable {
  private let name: String

  /// - Parameter name: without `user.`.
  package init(_ name: String) { self.name = "user.\(name)" }

  /// Keeps something with an open file, whatever it is open for.
  /// - Returns: false where the file system keeps none, or this user may not.
  @discardableResult
  package func keep(_ bytes: [UInt8], with file: Descriptor) throws(StorageError) -> Bool {
    SystemCall.willChange("fsetxattr")
    do throws(StorageError) {
      try SystemCall.run(file.path.text, "cannot set attribute '\(name)'") {
        shim_set_attribute(file.number, name, bytes, bytes.count)
      }
    } catch {
      // Room for attributes is a small one of its own, in the inode or a block beside it.
      guard [.unsupported, .noSpace, .permission].contains(error.code), error.number != EROFS else {
        throw error
      }
      return false
    }
    return true
  }

  /// What is kept with a file that is open, if only by O_PATH; nil where nothing is.
  package func bytes(of file: Descriptor) throws(StorageError) -> [UInt8]? {
    var value = [UInt8](repeating: 0, count: 64)
    let length: Int32
    do throws(StorageError) {
      length = try SystemCall.run(file.path.text, "cannot read attribute '\(name)'") {
        shim_get_attribute(file.number, name, &value, value.count)
      }
    } catch {
      // What is longer is none of this toolkit's.
      guard [ENODATA, EOPNOTSUPP, ERANGE].contains(error.number) else { throw error }
      return nil
    }
    return Array(value.prefix(Int(length)))
  }
}

extension Folder {
  /// The status of a file below the folder with what is kept with it; nil where there is none.
  ///
  /// The file is not opened for reading, which would look to others as if somebody used it.
  package func status(_ name: String, with attribute: FileAttribute) throws(StorageError)
    -> (status: FileStatus, attribute: [UInt8]?)?
  {
    let file: Descriptor
    do throws(StorageError) { file = try open(name, flags: shim_o_path | O_NOFOLLOW) } catch {
      guard error.isAbsence else { throw error }
      return nil
    }
    let status = try file.status()
    guard status.kind == .regular else { return (status, nil) }
    do throws(StorageError) { return (status, try attribute.bytes(of: file)) } catch {
      // Without /proc only a file that is open for reading tells its attributes.
      guard error.isAbsence else { throw error }
      let opened = try open(name, flags: O_RDONLY | O_NOFOLLOW)
      return (try opened.status(), try attribute.bytes(of: opened))
    }
  }
}
