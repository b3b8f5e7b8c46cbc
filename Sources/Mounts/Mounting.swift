import CMount
import StorageModel
import StorageOS

/// Mounts and unmounts by libmount, which runs helper programs such as mount.nfs where a type has one.
///
/// All of it is done in a process of its own, with a time limit: a server that is gone keeps a mount waiting for minutes.
package struct Mounting: Sendable {
  package let source: String
  package let target: Path
  /// The kernel's word, or a helper's; nil for whatever is found on the source.
  package var type: String?
  /// As after `mount -o`, in order: of two that contradict each other the later holds.
  package var options: [String]

  package init(source: String, target: Path, type: String?, options: [String]) {
    self.source = source
    self.target = target
    self.type = type
    self.options = options
  }

  /// The command line that does the same.
  package var commandLine: [String] {
    let words = ["mount", "-o", options.joined(separator: ",")]
    return words + (type.map { ["-t", $0] } ?? []) + [source, target.text]
  }

  /// Mounts.
  /// - Parameters:
  ///   - timeout: seconds after which it is given up; whatever was mounted by then is unmounted again.
  ///   - kept: descriptors that a helper program inherits.
  /// - Throws: `unsupported` where the kernel or this machine does not know the type; `inputOutput` where the time was
  ///   over; else by the system's error, with what libmount or the helper say as the reason.
  package func mount(timeout: Double, keeping kept: [Descriptor] = []) throws(StorageError) {
    try LibMount.load()
    let (source, target, type, options) = (
      self.source, self.target.text, self.type, self.options.joined(separator: ",")
    )
    let subject = "cannot mount '\(source)' on '\(target)'"
    SystemCall.willChange("mount")
    let work = try BoundedWork(keeping: kept) {
      LibMount.told { shim_mount(source, target, type, options, $0) }
    }
    guard let outcome = try work.outcome(by: Clock.monotonicSeconds() + timeout) else {
      // It may have been done at the last moment, by a helper that was killed after it.
      if try MountTable().mount(at: self.target)?.source == source {
        try? Unmounting(target: self.target).unmountByForce(timeout: 2)
      }
      throw StorageError(
        .inputOutput, "", subject, reason: "no answer within \(timeout.secondsText) seconds")
    }
    try LibMount.check(outcome, subject)
  }
}

/// Takes away what is mounted on top at a folder.
package struct Unmounting: Sendable {
  package let target: Path

  package init(target: Path) { self.target = target }

  /// Unmounts.
  /// - Throws: `busy` where somebody uses it; `inputOutput` where it takes longer than `timeout` seconds.
  package func unmount(timeout: Double) throws(StorageError) {
    try LibMount.load()
    let target = self.target.text
    try run(timeout) { shim_unmount(target, $0) }
  }

  /// Unmounts without asking a server that does not answer: what it was not told yet is lost.
  /// - Throws: as `unmount`.
  package func unmountByForce(timeout: Double) throws(StorageError) {
    let target = self.target.text
    try run(timeout) { shim_unmount_by_force(target, $0) }
  }

  private func run(
    _ timeout: Double, _ body: @escaping (UnsafeMutablePointer<shim_mount_outcome>) -> Void
  ) throws(StorageError) {
    let before = try MountTable().mount(at: target)?.identifier
    SystemCall.willChange("umount2")
    let work = try BoundedWork { LibMount.told(body) }
    let problem = "cannot unmount '\(target)'"
    guard let outcome = try work.outcome(by: Clock.monotonicSeconds() + timeout) else {
      // What is left to do concerns the server alone once the folder is free.
      if try MountTable().mount(at: target)?.identifier != before { return }
      throw StorageError(
        .inputOutput, "", problem, reason: "no answer within \(timeout.secondsText) seconds")
    }
    try LibMount.check(outcome, problem)
  }
}

/// The library, and what it tells through the output of the process that called it.
private enum LibMount {
  static func load() throws(StorageError) {
    var problem = [CChar](repeating: 0, count: 256)
    guard shim_mount_load(&problem, problem.count) != 0 else { return }
    throw StorageError(
      .unsupported, "", "cannot load libmount: \(text(of: problem))",
      reason: "install the package libmount1")
  }

  /// Calls the library, in the other process, and writes its words after those of a helper program.
  static func told(_ body: (UnsafeMutablePointer<shim_mount_outcome>) -> Void) -> Int32 {
    var outcome = shim_mount_outcome()
    body(&outcome)
    let message = withUnsafeBytes(of: outcome.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    try? Process.standardOutput.write([0] + Array(message.utf8))
    return outcome.status << 16 | outcome.number & 0xffff
  }

  /// Throws what a call came to.
  static func check(_ outcome: BoundedWork.Outcome, _ problem: String) throws(StorageError) {
    let value = outcome.value ?? 32 << 16
    guard value != 0 else { return }
    let parts = outcome.output.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    let helper = (parts.first ?? "").lines
      .map { $0.trimmed }.filter { !$0.isEmpty }
    let number = value & 0xffff
    var error = StorageError(.failure, "", problem)
    if number != 0 { error = StorageError(errno: number, "", problem) }
    let words = helper.first ?? (parts.count > 1 ? parts[1].trimmed : "")
    if !words.isEmpty {
      error.reason = words.withoutFullStop
    }
    // The library then looks for what others may mount, and says that it found nothing.
    if !Process.isRoot, error.code == .failure || error.code == .permission {
      error = StorageError(.permission, "", problem, reason: "only root can mount and unmount")
    }
    throw error
  }

  private static func text(of chars: [CChar]) -> String {
    String(decoding: chars.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
