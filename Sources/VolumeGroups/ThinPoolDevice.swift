import CLVM
import StorageModel
import StorageOS

/// The device of an active thin pool: the kernel's side of what LVM has in its metadata.
package struct ThinPoolDevice: Sendable {
  let subject: String
  /// Device mapper's name of it.
  let name: String

  package init(group: String, pool: String) {
    subject = "thin pool '\(group)/\(pool)'"
    name = "\(LVMName.doubled(group))-\(LVMName.doubled(pool))-tpool"
  }

  /// The number of the last change that the kernel was told the end of; nil where the pool is not active.
  package func transaction() throws(StorageError) -> UInt64? {
    var status = [CChar](repeating: 0, count: 1024)
    let number = shim_thin_pool_status(name, &status, status.count)
    guard number >= 0 else { return nil }
    guard number == 0 else {
      throw StorageError(errno: number, subject, "cannot read its status")
    }
    let text = String(
      decoding: status.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    // A pool that failed says so instead of numbers.
    return text.split(separator: " ").first.flatMap { UInt64($0) }
  }

  /// Tells the kernel the end of a change.
  ///
  /// It refuses where another was ended meanwhile.
  package func setTransaction(from old: UInt64, to new: UInt64) throws(StorageError) {
    SystemCall.willChange("set_transaction_id")
    let number = shim_thin_pool_message(name, "set_transaction_id \(old) \(new)")
    guard number == 0 else {
      throw StorageError(errno: number, subject, "cannot end its change \(new)")
    }
  }
}
