import StorageModel

/// Where a target is served: a host and a port, as iscsiadm takes them.
struct Portal: Equatable, CustomStringConvertible {
  /// The port that RFC 7143 registers.
  static let standardPort = 3260

  let host: String
  let port: Int

  /// - Throws: `badInput` for a host that would be something else on a command line or in a record.
  init(_ host: PoolSource.Host) throws(StorageError) {
    let name = host.name.without(brackets: "[", "]")
    let isPlain = name.unicodeScalars.allSatisfy {
      $0.isASCII && $0.value > 0x20 && $0.value != 0x7f && !"/,[]".unicodeScalars.contains($0)
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("-") else {
      throw StorageError(.badInput, "", "'\(host.name)' is not the name or address of a host")
    }
    guard (0...65535).contains(host.port) || host.port == -1 else {
      throw StorageError(.badInput, "", "port \(host.port) is not one of TCP")
    }
    self.host = name
    port = host.port > 0 ? host.port : Portal.standardPort
  }

  var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// The iSCSI name of a target or an initiator, checked for what may stand in a record of open-iscsi (RFC 7143, 4.2.7).
struct ISCSIName: Equatable, CustomStringConvertible {
  let description: String

  init(_ text: String) throws(StorageError) {
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.value > 0x20 && $0.value != 0x7f && $0 != "/" && $0 != ","
    }
    guard isPlain, !text.isEmpty, !text.hasPrefix("-"), !text.hasPrefix("."),
      text.utf8.count <= 223
    else { throw StorageError(.badInput, "", "'\(text)' is not an iSCSI name") }
    description = text
  }
}
