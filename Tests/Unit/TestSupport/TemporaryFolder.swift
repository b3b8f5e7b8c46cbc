import Glibc
import StorageModel
import StorageOS

/// A folder of its own for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
  package let path: Path

  /// Makes a folder below `parent`.
  package init(in parent: Path = Path("/tmp")) throws {
    // As the programs do, so that modes asked for are modes made whoever runs the tests.
    _ = Process.originalFileModeMask
    var template = Array(parent.appending("cistern-test-XXXXXX").text.utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let made else { throw StorageError(errno: errno, parent.text, "cannot make a folder") }
    path = Path(made)
  }

  deinit { _ = Shell.run("rm -rf -- '\(path)'") }

  package func folder() throws -> Folder { try Folder(opening: path) }

  /// Runs a shell command line in the folder.
  @discardableResult
  package func shell(_ line: String) throws -> String {
    let result = Shell.run("cd '\(path)' && \(line)")
    guard result.status == 0 else {
      throw StorageError(.failure, line, "ended with status \(result.status): \(result.output)")
    }
    return result.output
  }

  /// Writes a file anew, with the folders above it.
  package func write(_ content: String, to name: String) throws {
    try write(Array(content.utf8), to: name)
  }

  package func write(_ bytes: [UInt8], to name: String) throws {
    let file = path.appending(name)
    try shell("mkdir -p '\(file.parent)' && : > '\(file)'")
    try open(name).write(bytes)
  }

  /// Opens a file for reading and writing, and makes it where it is missing.
  package func open(_ name: String) throws -> Descriptor {
    try Descriptor(opening: path.appending(name), flags: O_RDWR | O_CREAT, mode: 0o600)
  }

  package func bytes(_ name: String) throws -> [UInt8] {
    try Descriptor(reading: path.appending(name)).readAll(limit: 1 << 28)
  }

  package func text(_ name: String) throws -> String {
    String(decoding: try bytes(name), as: UTF8.self)
  }

  /// All names below the folder, hidden ones included, folders without a slash at the end; sorted.
  package func names() throws -> [String] {
    try shell("find . -mindepth 1 -printf '%P\\n'").split(separator: "\n").map(String.init).sorted()
  }
}

/// Shell command lines.
package enum Shell {
  /// Runs a line with the C locale; the status is 128 and above after a signal, as the shell says it.
  package static func run(_ line: String) -> (status: Int32, output: String) {
    guard let pipe = popen("export LC_ALL=C; { \(line)\n} 2>&1", "r") else { return (-1, "") }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 {
      output += buffer[..<count]
    }
    let status = pclose(pipe)
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f
    return (code, String(decoding: output, as: UTF8.self))
  }

  package static func exists(_ program: String) -> Bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}
