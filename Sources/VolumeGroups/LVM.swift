import CLVM
import StorageModel
import StorageOS

/// LVM's own commands, run by liblvm2cmd inside this process.
///
/// The library is loaded at the first use; a command then costs a third of what starting `lvm` does. Words must not
/// hold blanks or quotes: the library splits the line itself (`lvm2_run`, lvm2cmd.h of LVM 2.03), into at most 64.
package enum LVM {
  /// The most words that a command may have beside its options.
  package static let mostOperands = 48

  /// Runs a command that changes something.
  /// - Parameters:
  ///   - name: the command, as `lvcreate`; also the name of its fault point.
  ///   - subject: what errors are about.
  package static func change(
    _ name: StaticString, _ arguments: [String], subject: @autoclosure () -> String
  ) throws(StorageError) {
    SystemCall.willChange(name)
    _ = try run(["\(name)"] + arguments, subject: subject())
  }

  /// Refuses a kernel without device mapper, which lets no volume be used.
  ///
  /// Opening the node makes the kernel load the module (its alias is `devname:mapper/control`); where there is no node, as
  /// in a container, the kernel's list tells.
  /// - Throws: `unsupported`.
  package static func requireDeviceMapper() throws(StorageError) {
    do throws(StorageError) { _ = try Descriptor(reading: Path("/dev/mapper/control")) } catch {
      guard try SysFile.text(Path("/proc/misc"))?.contains("device-mapper") != true else { return }
      throw StorageError(
        .unsupported, "", "the kernel has no device mapper", reason: error.reason,
        hint: "Load its module: modprobe dm-mod")
    }
  }

  /// The rows of a report, in LVM's order.
  /// - Parameters:
  ///   - command: `lvs`, `vgs` or `pvs`.
  ///   - fields: what is asked, at least two; sizes come in bytes.
  ///   - operands: options and names that choose the rows.
  package static func report(
    _ command: String, _ fields: [ReportField], _ operands: [String],
    subject: @autoclosure () -> String
  ) throws(StorageError) -> [ReportRow] {
    let printed = try run([command] + Report.options(fields) + operands, subject: subject())
    return try Report.rows(printed, fields: fields, subject: subject())
  }

  /// What one command printed.
  private struct Output {
    /// Each line with its end.
    var lines: [UInt8] = []
    var errors: [String] = []

    mutating func take(_ level: Int32, _ line: UnsafeRawBufferPointer) {
      if level < 4 { return errors.append(String(decoding: line, as: UTF8.self).trimmed) }
      lines.append(contentsOf: line)
      lines.append(UInt8(ascii: "\n"))
    }
  }

  /// - Returns: the lines of output and of warnings.
  private static func run(_ words: [String], subject: String) throws(StorageError) -> [UInt8] {
    try load()
    for word in words {
      guard !word.isEmpty, !word.utf8.contains(where: " \t\n\"'\\".utf8.contains) else {
        throw StorageError(
          .badInput, subject, "'\(word)' holds blanks or quotes, which LVM cannot be given")
      }
    }
    WorkTrace.tell(.program(["lvm"] + words))
    var output = Output()
    let status = withUnsafeMutablePointer(to: &output) { output in
      shim_lvm_run(
        words.joined(separator: " "),
        { context, level, text, size in
          context?.assumingMemoryBound(to: Output.self).pointee
            .take(level, UnsafeRawBufferPointer(start: text, count: size))
        }, output)
    }
    guard status == 1 else {
      throw LVMProblem.error(output.errors, command: words[0], subject: subject)
    }
    return output.lines
  }

  /// - Throws: `unsupported`, naming the Debian package; `permission` for anyone but root.
  private static func load() throws(StorageError) {
    guard Process.isRoot else {
      throw StorageError(.permission, "", "volume groups can be worked with by root only")
    }
    var problem = [CChar](repeating: 0, count: 256)
    let udev = try FileStatus.ifPresent(Path("/run/udev/control")) != nil
    let status = shim_lvm_load(udev ? 1 : 0, &problem, problem.count)
    guard status != 0 else { return }
    let text = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    throw StorageError(
      .unsupported, "", "cannot load liblvm2cmd: \(String(decoding: text, as: UTF8.self))",
      reason: status == 1 ? "install the package lvm2" : nil)
  }
}
