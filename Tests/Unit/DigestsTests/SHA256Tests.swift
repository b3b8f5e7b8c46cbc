import Digests
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  func sum(_ pieces: [[UInt8]], zeroes: Int64 = 0) throws -> String {
    let digest = try SHA256()
    for piece in pieces {
      var failure: StorageError?
      piece.withUnsafeBytes {
        do throws(StorageError) { try digest.add($0) } catch { failure = error }
      }
      if let failure { throw failure }
    }
    if zeroes > 0 { try digest.addZeroes(zeroes) }
    return try digest.sum().description
  }

  @Test("the examples of FIPS 180-4 come out")
  func examples() throws {
    #expect(
      try sum([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      try sum([Array("abc".utf8)])
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      try sum([
        Array("abcdbcdecdefdefgefghfghighijhijk".utf8), Array("ijkljklmklmnlmnomnopnopq".utf8),
      ]) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test("zeroes count as zeroes, however many", arguments: [1, 262_144, 262_145, 5_000_000])
  func zeroes(count: Int64) throws {
    let expected = Shell.run("head -c \(count) /dev/zero | sha256sum").output.prefix(64)
    #expect(try sum([], zeroes: count) == expected)
  }

  @Test("a sum is read as sha256sum prints it, and nothing else is a sum")
  func reading() {
    let digits = String(repeating: "0aF9", count: 16)
    #expect(Checksum(digits)?.description == digits.lowercased())
    #expect(Checksum("SHA256:\(digits)")?.description == digits.lowercased())
    #expect(Checksum(String(digits.dropLast())) == nil)
    #expect(Checksum("\(digits)0") == nil)
    #expect(Checksum(String(repeating: "g", count: 64)) == nil)
    #expect(Checksum("") == nil)
    #expect(Checksum("sha256:") == nil)
  }
}
