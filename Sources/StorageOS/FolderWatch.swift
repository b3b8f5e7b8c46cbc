import Glibc
import StorageModel

/// Tells of changes of names in some folders, as the kernel does (inotify(7)), in the order they happened.
package final class FolderWatch {
  package enum Change: Sendable {
    /// A file was made, and may still be empty.
    case made
    /// A file came under this name by a rename, whole.
    case arrived
    /// A file that was open for writing was closed.
    case written
    /// The name is gone.
    case gone
  }

  /// One change of one name.
  package struct Event: Sendable {
    /// Which of the folders, counted from 0 in the order they were given.
    package let folder: Int
    package let name: String
    package let change: Change
  }

  private let descriptor: Descriptor
  private var folders: [Int32: Int] = [:]
  /// Whether the kernel had to drop changes since this was last asked, because nobody fetched them.
  private var hasLost = false

  /// Begins to watch folders, which must exist.
  /// - Parameter paths: each is followed by its inode, so one that is removed and made again is no longer seen.
  package init(_ paths: [Path]) throws(StorageError) {
    let number = try SystemCall.run("inotify", "cannot watch folders") {
      inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    }
    descriptor = Descriptor(owning: number, path: Path("inotify"))
    let mask =
      IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE | IN_ONLYDIR
    for (index, path) in paths.enumerated() {
      let watch = try SystemCall.run(path.text, "cannot watch directory") {
        inotify_add_watch(number, path.text, UInt32(mask))
      }
      folders[watch] = index
    }
  }

  /// Waits for changes.
  /// - Parameter deadline: on the clock of `Clock.monotonicSeconds`; nil waits for ever.
  /// - Returns: at least one change, or none where the time was up first.
  /// - Throws: `interrupted` where the process was asked to stop; `failure` where changes were lost because too many
  ///   came at once.
  package func next(until deadline: Double?) throws(StorageError) -> [Event] {
    while true {
      let wait = deadline.map {
        Int32(max(0, min(($0 - Clock.monotonicSeconds()) * 1000 + 1, 1e9)))
      }
      var polled = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
      let ready = try SystemCall.run("inotify", "cannot wait for changes") {
        poll(&polled, 1, wait ?? -1)
      }
      if ready == 0 {
        if let deadline, Clock.monotonicSeconds() >= deadline { return [] }
        continue
      }
      let events = try read()
      guard !hasLost else {
        throw StorageError(.failure, "", "too many changes at once: some were missed")
      }
      if !events.isEmpty { return events }
    }
  }

  private func read() throws(StorageError) -> [Event] {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let got = try SystemCall.run("inotify", "cannot read changes") {
      Glibc.read(descriptor.number, &buffer, buffer.count)
    }
    var events: [Event] = []
    let header = MemoryLayout<inotify_event>.size
    buffer.withUnsafeBytes { bytes in
      var offset = 0
      while offset + header <= got {
        let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        let start = offset + header
        offset = start + Int(event.len)
        let name = bytes[start..<min(offset, got)].prefix { $0 != 0 }
        note(event, String(decoding: name, as: UTF8.self), in: &events)
      }
    }
    return events
  }

  private func note(_ event: inotify_event, _ name: String, in events: inout [Event]) {
    func has(_ bit: Int32) -> Bool { event.mask & UInt32(bitPattern: bit) != 0 }
    if has(IN_Q_OVERFLOW) { hasLost = true }
    guard let folder = folders[event.wd], !name.isEmpty else { return }
    let change: Change
    if has(IN_CREATE) {
      change = .made
    } else if has(IN_MOVED_TO) {
      change = .arrived
    } else if has(IN_CLOSE_WRITE) {
      change = .written
    } else if has(IN_DELETE | IN_MOVED_FROM) {
      change = .gone
    } else {
      return
    }
    events.append(Event(folder: folder, name: name, change: change))
  }
}
