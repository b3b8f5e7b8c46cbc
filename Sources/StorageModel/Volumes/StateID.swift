/// Which committed state of a volume it is: 128 bits, as 32 hexadecimal digits in lower case.
///
/// A state that is made here gets a random one, which goes with it when it becomes a revision. Of a state that others
/// made it is derived from what tells that state from others, and stays as long as that does. No two states have the
/// same, also of different volumes, whatever their content.
package struct StateID: Hashable, Sendable, CustomStringConvertible {
  fileprivate let bytes: [UInt8]

  /// Reads 32 hexadecimal digits in lower case; nil for anything else.
  package init?(_ text: some StringProtocol) {
    func digit(_ byte: UInt8) -> UInt8? {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): return byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): return byte - UInt8(ascii: "a") + 10
      default: return nil
      }
    }
    let digits = text.utf8.compactMap(digit)
    guard digits.count == 32, text.utf8.count == 32 else { return nil }
    bytes = stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

  /// That of a new state.
  package static func random() -> StateID {
    var generator = SystemRandomNumberGenerator()
    let halves = [generator.next() as UInt64, generator.next()]
    return StateID(
      bytes: halves.flatMap { half in
        (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
      })
  }

  /// That of a state which others made; always the same for the same text.
  /// - Parameter fingerprint: what tells the state from all others.
  package static func derived(from fingerprint: String) -> StateID {
    StateID(bytes: StorageUUID.derived(from: "state \(fingerprint)").bytes)
  }

  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// What is kept with a state: its identifier, and by a checksum what the state was when it got that.
///
/// It counts only while the state still is that. So whoever puts another state in its place, copies it, or writes into
/// it need know nothing of identifiers, and what is cut between two steps leaves no state with that of another.
package struct StateMark: Equatable, Sendable {
  package let identifier: StateID
  /// 8 bytes.
  private let check: [UInt8]

  /// - Parameter fingerprint: what tells the state from all others.
  package init(_ fingerprint: String, _ identifier: StateID = .random()) {
    self.identifier = identifier
    check = Array(StateID.derived(from: fingerprint).bytes.prefix(8))
  }

  /// Reads what `bytes` gives; nil for anything else.
  package init?(bytes: [UInt8]) {
    guard bytes.count == 24 else { return nil }
    identifier = StateID(bytes: Array(bytes.prefix(16)))
    check = Array(bytes.suffix(8))
  }

  /// Few, so that they find room beside a file's other attributes in its inode.
  package var bytes: [UInt8] { identifier.bytes + check }

  /// The identifier of a state.
  /// - Parameters:
  ///   - fingerprint: as the state is now.
  ///   - mark: what is kept with it, whatever that is; nil where nothing is.
  package static func identifier(of fingerprint: String, keeping mark: [UInt8]?) -> StateID {
    guard let mark = mark.flatMap({ StateMark(bytes: $0) }),
      mark == StateMark(fingerprint, mark.identifier)
    else { return .derived(from: fingerprint) }
    return mark.identifier
  }
}
