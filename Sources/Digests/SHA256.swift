import CCrypto
import StorageModel
import StorageOS

/// The SHA-256 of content as it goes by, by OpenSSL's libcrypto, which uses what the processor has for it.
///
/// Over the logical bytes: a hole counts as the zeroes that a reader would see.
package final class SHA256: ContentDigest {
  private let state: UnsafeMutableRawPointer
  /// What zeroes are taken from.
  private let zeroes = [UInt8](repeating: 0, count: 256 << 10)

  /// - Throws: `unsupported` where libcrypto is missing, naming its package.
  package init() throws(StorageError) {
    var problem = [CChar](repeating: 0, count: 256)
    guard shim_crypto_load(&problem, problem.count) == 0 else {
      let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw StorageError(
        .unsupported, "", "cannot load libcrypto: \(String(decoding: text, as: UTF8.self))",
        reason: "install the package libssl3")
    }
    guard let state = shim_sha256_new() else {
      throw StorageError(.unsupported, "", "libcrypto makes no SHA-256 here")
    }
    self.state = state
  }

  deinit { shim_sha256_free(state) }

  package func add(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
    guard shim_sha256_add(state, bytes.baseAddress, bytes.count) == 0 else {
      throw StorageError(.failure, "", "libcrypto cannot go on with a SHA-256")
    }
  }

  package func addZeroes(_ count: Int64) throws(StorageError) {
    var left = count
    while left > 0 {
      try Interruption.check()
      let part = min(left, Int64(zeroes.count))
      guard shim_sha256_add(state, zeroes, Int(part)) == 0 else {
        throw StorageError(.failure, "", "libcrypto cannot go on with a SHA-256")
      }
      left -= part
    }
  }

  /// The sum of all that was added.
  ///
  /// Nothing can be added afterwards.
  package func sum() throws(StorageError) -> Checksum {
    var bytes = [UInt8](repeating: 0, count: 32)
    guard shim_sha256_finish(state, &bytes) == 0 else {
      throw StorageError(.failure, "", "libcrypto cannot end a SHA-256")
    }
    return Checksum(bytes)
  }
}
