import CZstd
import StorageModel

/// Loading libzstd.
enum Zstandard {
  /// - Throws: `unsupported` where libzstd is missing, naming its package.
  static func load() throws(StorageError) {
    var problem = [CChar](repeating: 0, count: 256)
    guard shim_zstd_load(&problem, problem.count) != 0 else { return }
    let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw StorageError(
      .unsupported, "", "cannot load libzstd: \(String(decoding: text, as: UTF8.self))",
      reason: "install the package libzstd1")
  }

  static func problem(_ words: UnsafePointer<CChar>?) -> String {
    words.map { String(cString: $0) } ?? "unknown problem"
  }
}
