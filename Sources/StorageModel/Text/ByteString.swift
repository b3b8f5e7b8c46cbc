/// Text as a member of a set or as a key of a table: one for each sequence of bytes.
///
/// A `Set<String>` holds only one of two canonically equivalent names.
package struct ByteString: Hashable, Comparable, Sendable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  package let text: String

  package init(_ text: String) { self.text = text }
  package init(_ text: Substring) { self.text = String(text) }
  package init(stringLiteral text: String) { self.text = text }

  package var description: String { text }

  package static func == (left: ByteString, right: ByteString) -> Bool { left.text == right.text }
  package static func < (left: ByteString, right: ByteString) -> Bool { left.text < right.text }

  package func hash(into hasher: inout Hasher) {
    let length: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if length == nil { for byte in text.utf8 { hasher.combine(byte) } }
    hasher.combine(0xff as UInt8)
  }
}

extension Dictionary where Key == ByteString {
  package subscript(_ key: String) -> Value? {
    get { self[ByteString(key)] }
    set { self[ByteString(key)] = newValue }
  }
}

extension Set where Element == ByteString {
  package func contains(_ text: String) -> Bool { contains(ByteString(text)) }

  @discardableResult
  package mutating func insert(_ text: String) -> (inserted: Bool, memberAfterInsert: ByteString) {
    insert(ByteString(text))
  }
}
