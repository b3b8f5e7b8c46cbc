import Glibc
import StorageModel
import Testing

/// A file's content in memory, with a record of what was read of it.
final class MemoryImage {
  let bytes: [UInt8]
  private(set) var reads: [(offset: Int64, count: Int)] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Probes the content; `size` may differ from it, as with a file that shrinks meanwhile.
  func probe(size: Int? = nil) -> ImageFacts {
    ImageProbe.probe(size: ByteCount(Int64(size ?? bytes.count))) { offset, count in
      reads.append((offset, count))
      let start = Int(clamping: min(offset, Int64(bytes.count)))
      return Array(bytes[start..<min(start + count, bytes.count)])
    }
  }
}

/// Image files made by other programs, in a folder of their own that goes with the test.
final class ImageFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/image-probe-XXXXXX".utf8CString)
    path = try #require(
      template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
      })
  }

  deinit { _ = shell("rm -rf '\(path)'") }

  /// Runs a command line in the folder and gives what it printed, or nil where it failed.
  func shell(_ command: String) -> String? {
    guard let pipe = popen("cd '\(path)' && LC_ALL=C && export LC_ALL && \(command)", "r") else {
      return nil
    }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      output += buffer[..<count]
    }
    return pclose(pipe) == 0 ? String(decoding: output, as: UTF8.self) : nil
  }

  func probe(_ name: String) throws -> ImageFacts {
    let file = open("\(path)/\(name)", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    let size = lseek(file, 0, SEEK_END)
    return ImageProbe.probe(size: ByteCount(Int64(size))) { offset, count in
      var buffer = [UInt8](repeating: 0, count: count)
      let got = pread(file, &buffer, count, Int(offset))
      return Array(buffer.prefix(max(0, got)))
    }
  }

  /// The first bytes of a file.
  func content(_ name: String, count: Int) throws -> [UInt8] {
    let file = open("\(path)/\(name)", O_RDONLY)
    try #require(file >= 0)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: count)
    return Array(buffer.prefix(max(0, pread(file, &buffer, count, 0))))
  }

  /// One value out of `qemu-img info`'s JSON, found by its key; nil where there is none.
  func info(_ key: String, of name: String, format: String) -> String? {
    let command = "qemu-img info -f \(format) --output=json '\(name)'"
    guard let output = shell(command) else { return nil }
    for line in output.split(separator: "\n").map({ $0.trimmed }) {
      guard line.hasPrefix("\"\(key)\": ") else { continue }
      var value = line.dropFirst(key.utf8.count + 4).trimmed
      if value.hasSuffix(",") { value.removeLast() }
      if value.hasPrefix("\"") { value = String(value.dropFirst().dropLast()) }
      return value.replacing("\\\"", with: "\"")
    }
    return nil
  }

  static func has(_ program: String) -> Bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}

/// A small generator of repeatable numbers.
struct ProbeRandom: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
