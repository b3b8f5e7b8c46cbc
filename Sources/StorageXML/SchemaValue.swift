import StorageModel

/// What an attribute or an element's text may say when a document is validated.
enum SchemaValue: Sendable {
  case anything, nonEmpty, yesNo
  case words([String])
  /// Decimal digits up to a limit.
  case number(UInt64)
  case port, octal, identity, uuid, unit, size
  /// A number up to a limit, in decimal or with `0x`.
  case address(UInt64)
  case poolName
  case volumeName(nested: Bool)
  case absolutePath, absoluteFolder, devicePath, pathOrAddress
  case hostName, qualifiedName, worldWideName
  case timestamp, compat, revisions

  /// Four bytes, as in user numbers.
  static let unsignedInt = SchemaValue.number(UInt64(UInt32.max))

  func accepts(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    switch self {
    case .anything: return true
    case .nonEmpty: return !bytes.isEmpty
    case .yesNo: return text == "yes" || text == "no"
    case .words(let words): return words.contains(text)
    case .number(let limit):
      return bytes.areAll(in: digits) && (UInt64(text).map { $0 <= limit } ?? false)
    case .port: return text == "-1" || SchemaValue.number(65_535).accepts(text)
    case .octal: return bytes.areAll(in: octalDigits) && UInt32(text, radix: 8) != nil
    case .identity: return text == "-1" || SchemaValue.unsignedInt.accepts(text)
    case .uuid:
      let dashes = bytes.indices.filter { bytes[$0] == UInt8(ascii: "-") }
      return bytes.count == 32 + dashes.count && (dashes.isEmpty || dashes == [8, 13, 18, 23])
        && StorageUUID(text) != nil
    case .unit: return (try? ScaledSize.scale(digits: "0", unit: text)) != nil && !bytes.isEmpty
    case .size: return SchemaValue.number(.max).accepts(text)
    case .address(let limit): return CNumber.unsigned(text, base: 0).map { $0 <= limit } ?? false
    case .poolName: return (try? PoolName(text)) != nil
    case .volumeName(let nested): return (try? VolumeName(text, nested: nested)) != nil
    case .absolutePath: return bytes.first == UInt8(ascii: "/") && bytes.count > 1
    case .absoluteFolder: return bytes.first == UInt8(ascii: "/")
    case .devicePath:
      return SchemaValue.absolutePath.accepts(text) || SchemaValue.qualifiedName.accepts(text)
        || bytes.areAll(in: letters + digits + Array("_+-".utf8))
    case .pathOrAddress:
      return !bytes.isEmpty && !text.hasControlCharacter
    case .hostName: return bytes.areAll(in: letters + digits + Array(".-:".utf8))
    case .qualifiedName: return isQualifiedName(bytes)
    case .worldWideName:
      return bytes.dropFirst(text.hasPrefix("0x") ? 2 : 0).count == 16
        && bytes.dropFirst(text.hasPrefix("0x") ? 2 : 0).areAll(in: hexDigits)
    case .timestamp:
      let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      return parts.count <= 2 && parts[0].areAll(in: digits)
        && (parts.count == 1 || parts[1].count <= 9 && parts[1].allSatisfy(digits.contains))
    case .compat:
      let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      return parts.count == 2 && parts.allSatisfy { $0.areAll(in: digits) }
    case .revisions: return RevisionsToKeep(text) != nil
    }
  }

  /// What would be accepted, for the end of a message; nil where there is nothing helpful to say.
  var expectation: String? {
    switch self {
    case .anything, .nonEmpty: return nil
    case .yesNo: return "yes or no"
    case .words(let words): return words.joined(separator: ", ")
    case .number(let limit): return limit == .max ? "digits" : "a number up to \(limit)"
    case .port: return "-1 to 65535"
    case .octal: return "octal digits"
    case .identity: return "-1 or a number up to \(UInt32.max)"
    case .uuid: return "32 hexadecimal digits, alone or as 8-4-4-4-12"
    case .unit: return "B, K, M, G, T, P or E, alone, with B or with iB"
    case .size: return "digits"
    case .address(let limit): return "a number up to 0x" + String(limit, radix: 16)
    case .poolName, .volumeName: return "a name"
    case .absolutePath, .absoluteFolder: return "an absolute path"
    case .devicePath: return "an absolute path, a plain name or an iSCSI name"
    case .pathOrAddress: return "a path"
    case .hostName: return "a host name or an address"
    case .qualifiedName: return "an iSCSI name such as iqn.2020-01.org.example:disk"
    case .worldWideName: return "16 hexadecimal digits"
    case .timestamp: return "seconds with up to nine decimals"
    case .compat: return "two numbers with a dot between them"
    case .revisions: return "-1, 0 or a positive number"
    }
  }
}

private let digits = Array("0123456789".utf8)
private let octalDigits = Array("01234567".utf8)
private let hexDigits = Array("0123456789abcdefABCDEF".utf8)
private let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

extension Collection where Element == UInt8 {
  /// Whether there is at least one byte, and only bytes of `set`.
  fileprivate func areAll(in set: [UInt8]) -> Bool { !isEmpty && allSatisfy(set.contains) }
}

/// `iqn.YYYY-MM.` and the reversed domain, then optionally `:` and anything.
private func isQualifiedName(_ bytes: [UInt8]) -> Bool {
  let parts = bytes.split(
    separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
  let head = Array(parts[0])
  guard head.count > 12, Array(head[..<4]) == Array("iqn.".utf8), head[4..<8].areAll(in: digits),
    head[8] == UInt8(ascii: "-"), head[11] == UInt8(ascii: "."),
    let month = UInt8(String(decoding: head[9..<11], as: UTF8.self)), (1...12).contains(month),
    head[12...].areAll(in: letters + digits + Array(".-".utf8))
  else { return false }
  return parts.count == 1 || !parts[1].isEmpty
}
