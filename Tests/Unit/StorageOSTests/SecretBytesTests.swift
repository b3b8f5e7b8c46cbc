import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Bytes of secrets")
struct SecretBytesTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func secret(_ bytes: [UInt8]) throws -> SecretBytes {
    try temporary.write(bytes, to: "in")
    return try SecretBytes(reading: Descriptor(reading: temporary.path.appending("in")))
  }

  private func bytes(of secret: SecretBytes) throws -> [UInt8] {
    try temporary.write("", to: "out")
    try secret.write(to: temporary.open("out"))
    return try temporary.bytes("out")
  }

  @Test("any bytes go in and out, up to the limit", arguments: [0, 1, 4095, 4096, 4097, 65_535])
  func roundTrip(count: Int) throws {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let secret = try secret(content)
    #expect(secret.count == count)
    #expect(try bytes(of: secret) == content)
  }

  @Test("more than the limit is refused")
  func limit() throws {
    let error = failure { () throws(StorageError) in
      do { _ = try secret([UInt8](repeating: 1, count: 65_536)) } catch let error as StorageError {
        throw error
      } catch { Issue.record("\(error)") }
    }
    #expect(error?.code == .badInput)
    #expect(error?.problem == "is larger than 65535 bytes")
  }

  @Test("equal is what has the same bytes")
  func equality() throws {
    let one = try secret([1, 2, 3])
    #expect(one.isEqual(to: try secret([1, 2, 3])))
    #expect(!one.isEqual(to: try secret([1, 2])))
    #expect(!one.isEqual(to: try secret([1, 2, 4])))
  }

  @Test(
    "base64 is decoded",
    arguments: [
      ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
      ("Zm9vYmE=", "fooba"), ("Zm9vYmFy", "foobar"), (" Zm9v\r\n\tYmFy\n", "foobar"),
      ("Pj4/", ">>?"),
    ])
  func base64(text: String, expected: String) throws {
    let decoded = try #require(try secret(Array(text.utf8)).decodedFromBase64())
    #expect(try bytes(of: decoded) == Array(expected.utf8))
  }

  @Test("every byte can be in base64")
  func allBytes() throws {
    let content = (0..<256).map { UInt8($0) }
    try temporary.write(content, to: "raw")
    try temporary.shell("base64 raw > spelled")
    let decoded = try #require(try secret(temporary.bytes("spelled")).decodedFromBase64())
    #expect(try bytes(of: decoded) == content)
  }

  @Test(
    "what is not base64 is told",
    arguments: [
      "Z", "Zg", "Zg=", "Zm8", "Zm9v=", "Zm9v==", "====", "=", "Zg==Zg==", "Zm9v!", "Zm-_", "é",
      "Zm9\u{0}",
    ])
  func notBase64(text: String) throws {
    #expect(try secret(Array(text.utf8)).decodedFromBase64() == nil)
  }

  @Test("a child reads the bytes from the descriptor that it inherits, as often as it wants")
  func child() throws {
    let file = try secret(Array("pass\0word\n".utf8)).file()
    let result = try ChildProcess.run(
      Path("/bin/cat"), [file.pathForChild, file.pathForChild], keeping: [file])
    #expect(result.output == Array("pass\0word\npass\0word\n".utf8))
  }

  @Test("nobody can change the file in memory, and a child that does not inherit it has none")
  func sealed() throws {
    let file = try secret([1, 2, 3]).file()
    #expect(try file.status().mode == 0o400)
    #expect(failure { () throws(StorageError) in try file.write([9]) } != nil)
    #expect(failure { () throws(StorageError) in try file.setSize(1) } != nil)
    let result = try ChildProcess.run(Path("/bin/cat"), [file.pathForChild])
    #expect(result.status != 0)
  }
}

/// The error of what is expected to fail; nil where it does not.
private func failure<Value>(_ body: () throws(StorageError) -> Value) -> StorageError? {
  do throws(StorageError) {
    _ = try body()
    return nil
  } catch { return error }
}
