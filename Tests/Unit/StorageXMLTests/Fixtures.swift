import Glibc
import Testing

/// The documents beside the tests: `NAME.xml` is read, `NAME.out.xml` is what must be printed.
enum Fixtures {
  static let folder: String = {
    let file = #filePath
    return String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]) + "/Fixtures/"
  }()

  /// The names in a subfolder, without their ending, in order.
  static func names(in subfolder: String) -> [String] {
    guard let stream = opendir(folder + subfolder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasSuffix(".xml"), !name.hasSuffix(".out.xml") else { continue }
      names.append(String(name.dropLast(4)))
    }
    return names.sorted()
  }

  static func bytes(_ path: String) -> [UInt8] {
    guard let file = fopen(folder + path, "r") else { return [] }
    defer { fclose(file) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      result += buffer[..<count]
    }
    return result
  }

  static func text(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

  /// A document on one line and what libvirt 9.0 says about it on the next.
  struct ErrorCase: CustomTestStringConvertible {
    var document: String
    var message: String
    var testDescription: String { document }
  }

  static func errorCases(_ path: String) -> [ErrorCase] {
    let lines = text(path).split(separator: "\n").map(String.init)
    return stride(from: 0, to: lines.count - 1, by: 2)
      .map { ErrorCase(document: lines[$0], message: lines[$0 + 1]) }
  }
}
