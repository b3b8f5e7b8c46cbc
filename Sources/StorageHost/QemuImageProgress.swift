import StorageModel

/// How far qemu-img says it is: `    (12.50/100%)`, each time from the start of the line (qemu-img(1), `-p`).
package struct QemuImageProgress {
  private var rest: [UInt8] = []

  package init() {}

  /// The last figure in what has come so far; nil where there was none in this piece.
  package mutating func percent(after piece: [UInt8]) -> Double? {
    rest += piece
    guard let end = rest.lastIndex(of: UInt8(ascii: "/")),
      let start = rest[..<end].lastIndex(of: UInt8(ascii: "("))
    else { return nil }
    let number = Double(String(decoding: rest[(start + 1)..<end], as: UTF8.self))
    rest.removeFirst(end + 1)
    return number.map { min(max($0, 0), 100) }
  }
}
