import Glibc
import StorageModel
import StorageOS

/// A process started by a test, which speaks with it by lines; killed when the last reference goes.
package final class TestProcess {
  package let identifier: Int32
  private let input: Descriptor
  private let output: Descriptor
  private var hasEnded = false

  package static let canRun = Shell.exists("python3")

  /// Runs a Python program.
  package convenience init(python program: String, _ arguments: String...) throws {
    try self.init(["/usr/bin/python3", "-c", program] + arguments)
  }

  private init(_ words: [String]) throws {
    let (childInput, ownInput) = try TestProcess.makePipe()
    let (ownOutput, childOutput) = try TestProcess.makePipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, childInput.number, 0)
    posix_spawn_file_actions_adddup2(&actions, childOutput.number, 1)
    var arguments = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw StorageError(errno: code, words[0], "cannot run") }
    identifier = pid
    input = ownInput
    output = ownOutput
  }

  deinit { kill() }

  /// The next line it prints, without the line's end; empty at the end of its output.
  package func line() throws -> String {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while try SystemCall.run("child", "cannot read", { read(output.number, &byte, 1) }) > 0 {
      if byte == UInt8(ascii: "\n") { break }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  package func send(_ line: String) throws { try input.write(Array("\(line)\n".utf8)) }

  /// Kills it and waits for its end.
  package func kill() {
    guard !hasEnded else { return }
    hasEnded = true
    Glibc.kill(identifier, SIGKILL)
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
  }

  private static func makePipe() throws -> (Descriptor, Descriptor) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw StorageError(errno: errno, "", "cannot make a pipe") }
    ends.forEach { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
    return (
      Descriptor(owning: ends[0], path: Path("pipe")),
      Descriptor(owning: ends[1], path: Path("pipe"))
    )
  }
}
