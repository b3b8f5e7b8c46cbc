import StorageHost
import StorageModel
import StorageOS

/// The calls of iscsiadm(8), and what its exit statuses mean.
struct ISCSIAdmin {
  /// Exit statuses of open-iscsi 2.1.8 (iscsiadm(8), EXIT STATUS).
  private enum Status {
    static let noSession: Int32 = 2
    static let connectionTimeout: Int32 = 8
    static let timeout: Int32 = 11
    static let noTransport: Int32 = 12
    static let sessionExists: Int32 = 15
    static let noDaemon: Int32 = 20
    static let nothingFound: Int32 = 21
    static let authorization: Int32 = 24
  }

  static let program = Program("iscsiadm", package: "open-iscsi")

  /// What errors are about.
  let subject: String

  static func interface(_ name: String, _ words: [String]) -> [String] {
    ["--mode", "iface", "--interface", name] + words
  }

  static func node(_ target: ISCSIName, at portal: Portal, by interface: String, _ words: [String])
    -> [String]
  {
    let place = ["--targetname", "\(target)", "--portal", "\(portal)", "--interface", interface]
    return ["--mode", "node"] + place + words
  }

  static func discovery(at portal: Portal, by interface: String?) -> [String] {
    [
      "--mode", "discovery", "--type", "sendtargets", "--portal", "\(portal)", "--op",
      "nonpersistent",
    ]
      + (interface.map { ["--interface", $0] } ?? [])
  }

  /// A target that a portal tells of.
  struct FoundTarget: Equatable {
    let name: ISCSIName
    let group: Int?
  }

  /// Reads what discovery prints: lines `HOST:PORT,GROUP TARGET`, in its order.
  static func targets(in output: String) -> [FoundTarget] {
    output.lines.compactMap { line in
      let words = line.words
      guard words.count == 2, let name = try? ISCSIName(String(words[1])) else { return nil }
      let group = words[0].cut(atLast: ",").flatMap { Int($0.after) }
      return FoundTarget(name: name, group: group)
    }
  }

  /// Runs it to its end.
  /// - Parameters:
  ///   - allowingNothing: whether it is as good that there is nothing of the kind.
  ///   - timeout: seconds after which it is killed.
  /// - Returns: its output.
  @discardableResult
  func run(_ arguments: [String], allowingNothing: Bool = false, timeout: Double)
    throws(StorageError) -> String
  {
    let result = try ChildProcess.run(
      ISCSIAdmin.program.path(), arguments, timeout: timeout)
    switch result.status {
    case 0, Status.sessionExists: break
    case Status.nothingFound where allowingNothing, Status.noSession where allowingNothing: break
    default:
      throw ISCSIAdmin.failure(
        result.status, String(decoding: result.errors, as: UTF8.self), subject)
    }
    return String(decoding: result.output, as: UTF8.self)
  }

  static func failure(_ status: Int32, _ errors: String, _ subject: String) -> StorageError {
    let reason = reason(errors) ?? "iscsiadm failed with status \(status)"
    switch status {
    case Status.noDaemon:
      return StorageError(
        .unsupported, subject, "cannot reach iscsid, which keeps iSCSI sessions",
        hint: "Start it: systemctl start iscsid")
    case Status.authorization:
      return StorageError(.permission, subject, "Failed to login", reason: reason)
    case _ where status == Status.noTransport || reason.hasPrefix("iSCSI driver not found"):
      return StorageError(
        .unsupported, subject, "the kernel module iscsi_tcp cannot be used", reason: reason,
        hint: "Load it: modprobe iscsi_tcp")
    case Status.connectionTimeout, Status.timeout:
      return StorageError(.inputOutput, subject, "the portal does not answer", reason: reason)
    default: return StorageError(.failure, subject, "iscsiadm failed", reason: reason)
    }
  }

  /// What iscsiadm says went wrong: the daemon's own words where it quotes them, else its last line.
  private static func reason(_ errors: String) -> String? {
    let lines = errors.lines.compactMap { $0.trimmed.without(prefix: "iscsiadm: ") }
    for line in lines where line.hasPrefix("initiator reported error (") {
      if let words = line.cut(at: "-")?.after.without(suffix: ")") { return words.trimmed }
    }
    return lines.last.map(String.init)
  }
}
