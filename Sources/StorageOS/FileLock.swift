import CStorageShim
import Glibc
import StorageModel

/// A lock, held while the object lives, gone with the process however it ends.
package final class FileLock: Sendable {
  package enum Mode: Sendable { case shared, exclusive }

  /// What holds for whoever takes one.
  package struct Terms: Sendable {
    /// Seconds to wait before giving up.
    package let timeout: Double
    /// How the holder introduces itself to those who wait: its command.
    package let owner: String
    /// Whether a lock that this user may not take is done without; only for who changes nothing.
    package let mayDoWithout: Bool
    /// Whether a file of locks is made where there is none; otherwise that is done without, too.
    package let makesFile: Bool

    package init(
      timeout: Double, owner: String, mayDoWithout: Bool = false, makesFile: Bool = true
    ) {
      self.timeout = timeout
      self.owner = owner
      self.mayDoWithout = mayDoWithout
      self.makesFile = makesFile
    }

    /// The same for who only reads: a lock that this user may not take is done without.
    package var forReading: Terms {
      Terms(timeout: timeout, owner: owner, mayDoWithout: true, makesFile: makesFile)
    }

    /// The same where nothing may be made: done without where nobody has ever locked anything.
    package var leavingNoTrace: Terms {
      Terms(timeout: timeout, owner: owner, mayDoWithout: mayDoWithout, makesFile: false)
    }
  }

  /// The file that the lock is in, for taking more of it.
  package let file: LockFile
  fileprivate let place: LockPlace

  fileprivate init(_ file: LockFile, at place: LockPlace) {
    self.file = file
    self.place = place
  }

  deinit { file.release(place.lock) }
}

/// A file of locks, each with a name, for any number of things; what was never locked leaves nothing in it.
///
/// A lock is a byte far behind the end of the file, chosen by its name. Open-file-description locks (fcntl(2),
/// F_OFD_SETLK) belong to the descriptor and not to the process, vanish with it, and are passed on to servers. The byte
/// beside it is a turnstile: whoever waits to change something holds it, and nobody gets past who comes later.
package final class LockFile: Sendable {
  private let descriptor: Descriptor
  private let isWritable: Bool
  private let terms: FileLock.Terms

  private init(_ descriptor: Descriptor, isWritable: Bool, _ terms: FileLock.Terms) {
    self.descriptor = descriptor
    self.isWritable = isWritable
    self.terms = terms
  }

  /// Opens a file of locks and takes the first of them; nil where that is done without.
  /// - Parameters:
  ///   - file: the file's name in `folder`; made where missing.
  ///   - heritage: tells whom a new file and the folders above it belong to; nil for this user alone.
  /// - Throws: as `lock`; `badInput` where something else is in the file's place.
  package static func lock(
    _ name: String, _ mode: FileLock.Mode, of file: String, in folder: Folder,
    heritage: (() throws(StorageError) -> Heritage)? = nil, _ terms: FileLock.Terms
  ) throws(StorageError) -> FileLock? {
    while true {
      guard let opened = try open(file, in: folder, heritage, terms) else { return nil }
      let lock = try opened.waiting(name, mode)
      // It can have been removed with its pool meanwhile, and another one made.
      guard try opened.isCurrent() else { continue }
      opened.introduce(at: lock.place)
      return lock
    }
  }

  private static func open(
    _ name: String, in folder: Folder, _ heritage: (() throws(StorageError) -> Heritage)?,
    _ terms: FileLock.Terms
  ) throws(StorageError) -> LockFile? {
    do throws(StorageError) {
      let opened = try descriptor(name, in: folder, heritage, making: terms.makesFile)
      return opened.map { LockFile($0, isWritable: true, terms) }
    } catch {
      guard terms.mayDoWithout, error.code == .permission else { throw error }
    }
    // Readers can share locks of what is read-only.
    do throws(StorageError) {
      return LockFile(try open(name, in: folder, O_RDONLY), isWritable: false, terms)
    } catch {
      guard error.code == .permission || error.isAbsence else { throw error }
      return nil
    }
  }

  private static func open(
    _ name: String, in folder: Folder, _ flags: Int32, mode: UInt32 = 0
  ) throws(StorageError) -> Descriptor {
    let path = folder.path.appending(name)
    let number = try SystemCall.run(path.text, "cannot open lock file") {
      shim_open_beneath(
        folder.descriptor.number, name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)
    }
    return Descriptor(owning: number, path: path)
  }

  private static func descriptor(
    _ name: String, in folder: Folder, _ heritage: (() throws(StorageError) -> Heritage)?,
    making: Bool
  ) throws(StorageError) -> Descriptor? {
    while true {
      // Without O_CREAT, which the kernel refuses in a folder where anybody may write (fs.protected_regular).
      do throws(StorageError) { return try open(name, in: folder, O_RDWR) } catch {
        guard error.isAbsence else { throw error }
        guard making else { return nil }
      }
      let heritage = try heritage?()
      if let heritage { _ = try folder.makeFolders(Path(name).parent.text, heritage) }
      do throws(StorageError) {
        let new = try open(
          name, in: folder, O_RDWR | O_CREAT | O_EXCL, mode: heritage?.lockMode ?? 0o600)
        try heritage?.give(new)
        try new.setSize(Introduction.room)
        return new
      } catch {
        guard error.code == .exists else { throw error }
      }
    }
  }

  /// Whether the file still is one that others can find.
  private func isCurrent() throws(StorageError) -> Bool {
    let status: FileStatus
    do throws(StorageError) { status = try descriptor.status() } catch {
      guard error.number == ESTALE else { throw error }
      return false
    }
    guard status.links > 0 else { return false }
    // Who holds a lock is written into it, so it must not be any other file that somebody gave this name.
    guard status.kind == .regular, status.links == 1, status.size <= Introduction.room else {
      throw StorageError(.badInput, descriptor.path.text, "is not a file for locks")
    }
    return true
  }

  /// Takes a lock, waiting as its terms say.
  ///
  /// One that is held through this object already must not be taken again.
  /// - Throws: `lockTimeout`, without a subject, naming the holder.
  package func lock(_ name: String, _ mode: FileLock.Mode) throws(StorageError) -> FileLock {
    let lock = try waiting(name, mode)
    introduce(at: lock.place)
    return lock
  }

  private func waiting(_ name: String, _ mode: FileLock.Mode) throws(StorageError) -> FileLock {
    guard let lock = try take(name, mode, timeout: terms.timeout) else {
      let holder = Introduction.read(from: descriptor, at: LockPlace(name)) ?? "another process"
      throw StorageError(
        .lockTimeout, "", "is locked by \(holder) (waited \(terms.timeout.secondsText) s)")
    }
    return lock
  }

  /// Takes a lock that nobody holds or waits for; nil where somebody does.
  ///
  /// Where this user may only read, it is shared at best.
  package func tryLock(_ name: String, _ mode: FileLock.Mode) throws(StorageError) -> FileLock? {
    let lock = try take(name, isWritable ? mode : .shared, timeout: 0)
    if let lock { introduce(at: lock.place) }
    return lock
  }

  /// Says who holds a lock, in a file that is known to be one for locks.
  private func introduce(at place: LockPlace) {
    if isWritable { Introduction(of: terms.owner, at: place).write(to: descriptor) }
  }

  private func take(_ name: String, _ mode: FileLock.Mode, timeout: Double) throws(StorageError)
    -> FileLock?
  {
    let place = LockPlace(name)
    let deadline = Clock.monotonicSeconds() + timeout
    var hasTurn = false
    defer { if hasTurn { release(place.turnstile) } }
    var pause: UInt32 = 500
    while true {
      let isMyTurn = hasTurn ? true : try !isTaken(place.turnstile)
      if isMyTurn {
        if try acquire(place.lock, mode) { break }
        if mode == .exclusive, !hasTurn, timeout > 0 {
          hasTurn = try acquire(place.turnstile, .exclusive)
        }
      }
      guard Clock.monotonicSeconds() < deadline else { return nil }
      try Interruption.check()
      usleep(pause)
      // Nobody is better off for having come later.
      pause = UInt32.random(in: 1_000...8_000)
    }
    return FileLock(self, at: place)
  }

  private func acquire(_ offset: Int, _ mode: FileLock.Mode) throws(StorageError) -> Bool {
    if shim_lock_byte(descriptor.number, offset, mode == .exclusive ? 1 : 0) == 0 { return true }
    let code = errno
    if code == EAGAIN || code == EACCES || code == EINTR { return false }
    throw StorageError(errno: code, descriptor.path.text, "cannot lock")
  }

  private func isTaken(_ offset: Int) throws(StorageError) -> Bool {
    let answer = try SystemCall.run(descriptor.path.text, "cannot lock") {
      shim_byte_is_locked(descriptor.number, offset)
    }
    return answer == 1
  }

  fileprivate func release(_ offset: Int) { _ = shim_unlock_byte(descriptor.number, offset) }
}

/// Where in a file a lock of some name is.
private struct LockPlace {
  /// The bytes, and in which of the slots the holder's introduction is.
  let lock: Int
  var turnstile: Int { lock + 1 }
  var slot: Int { (lock >> 1) % Introduction.slots }

  /// By the hash FNV-1a (RFC 9923), of which 60 bits make it unlikely enough that two names share a lock.
  init(_ name: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    lock = 1 << 62 | Int(hash & (1 << 60 - 1)) << 1
  }
}

/// What the holder of a lock says of itself, only for messages: `LOCK PID HOST COMMAND` in one of the file's slots.
private struct Introduction {
  static let slots = 64
  private static let length = 128
  static let room = ByteCount(Int64(slots * length))

  private let text: String
  private let slot: Int

  init(of owner: String, at place: LockPlace) {
    text = "\(place.lock) \(getpid()) \(Process.hostName) \(owner)\n"
    slot = place.slot
  }

  func write(to file: Descriptor) {
    var bytes = Array(text.utf8.prefix(Introduction.length))
    bytes += [UInt8](repeating: 0, count: Introduction.length - bytes.count)
    _ = pwrite(file.number, bytes, bytes.count, slot * Introduction.length)
  }

  /// The holder in words, nil where it is not known; a reader may see a former holder for an instant.
  static func read(from file: Descriptor, at place: LockPlace) -> String? {
    guard let bytes = try? file.read(at: Int64(place.slot * length), count: length),
      let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
    else { return nil }
    let words = String(decoding: bytes[..<end], as: UTF8.self)
      .split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "\(place.lock)", let process = Int32(words[1]) else {
      return nil
    }
    guard words[2] == Process.hostName else {
      return "process \(process) (\(words[3])) on host '\(words[2])'"
    }
    guard kill(process, 0) == 0 || errno == EPERM else { return nil }
    return "process \(process) (\(words[3]))"
  }
}
