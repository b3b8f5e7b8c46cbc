import CStorageShim
import Glibc
import StorageModel

/// A file that a change holds on to: with QEMU's locks on it, and, for a moment, with everybody kept from opening it for
/// writing.
///
/// That is done by a read lease (fcntl(2), F_SETLEASE): whoever opens the file for writing waits until it is given back,
/// and the kernel tells that somebody does. Leases need ownership of the file or CAP_LEASE, and a local file system;
/// where there are none, the moment is like any other.
package final class FileClaim: Sendable {
  package let file: Descriptor
  /// What the change does with it.
  package let use: ImageLock.Use

  /// - Parameter file: open for reading only.
  package init(_ file: Descriptor, for use: ImageLock.Use = .changing) {
    self.file = file
    self.use = use
  }

  /// Keeps others from opening the file for writing, until `release`.
  ///
  /// Waits a little for who only looks.
  /// - Returns: false where somebody has it open for writing, nil where there are no leases.
  package func seal() -> Bool? {
    guard file.knowsLeases else { return nil }
    for attempt in 0..<10 {
      if shim_set_lease(file.number, 1) == 0 { return true }
      guard errno == EAGAIN else { return nil }
      if attempt < 9 { usleep(15_000) }
    }
    return false
  }

  /// Whether somebody waits to open the sealed file for writing.
  package var isBeset: Bool { shim_lease_is_breaking(file.number) == 1 }

  /// Lets those in who wait.
  package func release() { _ = shim_set_lease(file.number, 0) }
}
