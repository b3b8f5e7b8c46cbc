import CStorageShim
import Glibc
import StorageModel

/// The journal of systemd (its native protocol, systemd.io/JOURNAL_NATIVE_PROTOCOL).
package enum Journal {
  private static let socket = Path("/run/systemd/journal/socket")

  /// Leaves an entry, without waiting for anybody.
  /// - Parameter fields: names of capital letters, digits and `_`, and values of one line each.
  /// - Returns: whether a journal took it; false where none runs.
  package static func write(_ fields: [(String, String)]) -> Bool {
    let entry = Array(fields.map { "\($0.0)=\($0.1)\n" }.joined().utf8)
    return shim_send_datagram(socket.text, entry, entry.count) == 0
  }
}
