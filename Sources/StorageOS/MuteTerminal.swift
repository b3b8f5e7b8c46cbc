import CStorageShim
import Glibc
import StorageModel

/// The terminal that the process was started from, whatever its standard streams are.
struct MuteTerminal {
  private let descriptor: Descriptor

  /// - Throws: `unsupported` where there is none.
  init() throws(StorageError) {
    do throws(StorageError) {
      descriptor = try Descriptor(opening: Path("/dev/tty"), flags: O_RDWR | O_NOCTTY)
    } catch {
      throw StorageError(.unsupported, "", "there is no terminal to ask on", reason: error.reason)
    }
  }

  func write(_ text: String) throws(StorageError) { try descriptor.write(Array(text.utf8)) }

  /// One byte as typed; nil where the terminal has gone.
  func byte() throws(StorageError) -> UInt8? {
    var byte: UInt8 = 0
    let got = try SystemCall.run("the terminal", "cannot read") {
      read(descriptor.number, &byte, 1)
    }
    return got == 1 ? byte : nil
  }

  /// Runs `body` while the terminal shows nothing and hands over every key at once.
  ///
  /// Keys send no signals meanwhile, so that an interrupt cannot leave the terminal mute.
  func withoutEcho(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    var before = termios()
    try SystemCall.run("the terminal", "cannot get its settings") {
      tcgetattr(descriptor.number, &before)
    }
    var mute = before
    mute.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | ISIG)
    try set(mute)
    defer {
      try? set(before)
      try? write("\n")
    }
    try body()
  }

  private func set(_ settings: termios) throws(StorageError) {
    var settings = settings
    try SystemCall.run("the terminal", "cannot change its settings") {
      tcsetattr(descriptor.number, TCSAFLUSH, &settings)
    }
  }
}
