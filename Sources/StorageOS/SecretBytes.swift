import CStorageShim
import Glibc
import StorageModel

/// Bytes that must not be seen: kept out of swap and core dumps, and zeroed when the last reference goes.
///
/// They never become an array or a string, whose copies nobody can count. There is no way to print them.
package final class SecretBytes {
  /// The most that a secret may have; libvirt's limit.
  package static let largest = 65_535

  private let address: UnsafeMutableRawPointer
  private let size: Int
  private var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: address, count: size)
  }
  package private(set) var count = 0

  /// An empty secret with room for `capacity` bytes.
  private init(capacity: Int) throws(StorageError) {
    size = max(1, (capacity + 4095) / 4096) * 4096
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
      throw StorageError(errno: errno, "", "cannot get memory for a secret")
    }
    self.address = address
    // Both may be refused (RLIMIT_MEMLOCK), and the secret is as good then.
    _ = mlock(address, size)
    _ = madvise(address, size, MADV_DONTDUMP)
  }

  deinit {
    explicit_bzero(address, size)
    munmap(address, size)
  }

  /// Reads a file, a pipe or the like to its end.
  /// - Throws: `badInput` where there are more bytes than a secret may have.
  package convenience init(reading source: Descriptor) throws(StorageError) {
    try self.init(capacity: SecretBytes.largest + 1)
    while count <= SecretBytes.largest {
      let got = try SystemCall.run(source.path.text, "cannot read") {
        read(source.number, address + count, SecretBytes.largest + 1 - count)
      }
      if got == 0 { return }
      count += got
    }
    throw StorageError(.badInput, source.path.text, "is larger than \(SecretBytes.largest) bytes")
  }

  /// Reads a line from the terminal, showing `prompt` but not what is typed.
  /// - Throws: `unsupported` where the process has no terminal; `failure` where the user interrupts.
  package convenience init(asking prompt: String) throws(StorageError) {
    try self.init(capacity: SecretBytes.largest)
    let terminal = try MuteTerminal()
    try terminal.write(prompt)
    try terminal.withoutEcho { () throws(StorageError) in
      while let byte = try terminal.byte() {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x04: return
        case 0x03, 0x1c: throw StorageError(.failure, "", "interrupted")
        case 0x08, 0x7f:
          // Of a character of several bytes all go.
          while count > 0 {
            count -= 1
            if memory[count] & 0xc0 != 0x80 { break }
          }
        case 0x15: count = 0
        default:
          guard count < SecretBytes.largest else { break }
          memory[count] = byte
          count += 1
        }
      }
    }
  }

  /// The bytes that these spell in base64 (RFC 4648), white space between the letters allowed; nil where they are
  /// not base64.
  package func decodedFromBase64() throws(StorageError) -> SecretBytes? {
    let result = try SecretBytes(capacity: count)
    var (group, letters, padding): (UInt32, Int, Int) = (0, 0, 0)
    for byte in memory[..<count] {
      if byte == 0x20 || (0x09...0x0d).contains(byte) { continue }
      if byte == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let value = SecretBytes.base64Value(byte) else { return nil }
      group = group << 6 | value
      letters += 1
      if letters % 4 == 0 { result.append(group, bytes: 3) }
    }
    guard (letters + padding) % 4 == 0, padding <= 2 else { return nil }
    switch letters % 4 {
    case 0: return padding == 0 ? result : nil
    case 2: result.append(group << 12, bytes: 1)
    case 3: result.append(group << 6, bytes: 2)
    default: return nil
    }
    return result
  }

  private static func base64Value(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt32(byte) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt32(byte) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(byte) + 4
    case UInt8(ascii: "+"): return 62
    case UInt8(ascii: "/"): return 63
    default: return nil
    }
  }

  private func append(_ group: UInt32, bytes: Int) {
    for index in 0..<bytes {
      memory[count] = UInt8(truncatingIfNeeded: group >> (16 - 8 * UInt32(index)))
      count += 1
    }
  }

  /// Whether both are the same bytes.
  package func isEqual(to other: SecretBytes) -> Bool {
    count == other.count && memcmp(address, other.address, count) == 0
  }

  /// Whether there is no line break and no zero byte in it, so that it can be the value of a line of a file.
  package var isOneLine: Bool {
    memory[..<count].allSatisfy { $0 != 0x0a && $0 != 0x0d && $0 != 0 }
  }

  /// Writes the bytes to a file at its current position.
  package func write(to file: Descriptor) throws(StorageError) {
    var done = 0
    while done < count {
      done += try SystemCall.run(file.path.text, "cannot write") {
        Glibc.write(file.number, address + done, count - done)
      }
    }
  }

  /// A file in memory with the bytes, without a name and sealed, to be inherited by one child process.
  ///
  /// `text` stands before them, `end` after them: what the file's reader wants around a passphrase.
  /// The child opens it as `Descriptor.pathForChild`: `qemu-img --object secret,id=…,file=PATH`, `cryptsetup
  /// --key-file PATH`. Gone when the last descriptor of it is closed (memfd_create(2)).
  package func file(after text: String = "", before end: String = "") throws(StorageError)
    -> Descriptor
  {
    let number = try SystemCall.run("", "cannot make a file in memory") {
      shim_memory_file("secret")
    }
    let file = Descriptor(owning: number, path: Path("the passphrase"))
    try file.write(Array(text.utf8))
    try write(to: file)
    try file.write(Array(end.utf8))
    try SystemCall.run("", "cannot seal a file in memory") { shim_seal_memory_file(number) }
    return file
  }
}

extension Descriptor {
  /// The name by which a child process that inherits this descriptor opens the file anew, from its start.
  package var pathForChild: String { "/proc/self/fd/\(number)" }
}
