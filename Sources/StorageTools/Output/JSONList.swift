import StorageModel

/// A document with one list, written while the list is made: of a hundred thousand items some are held at a time.
///
/// With `--json-lines` the items alone, one a line.
struct JSONList {
  private let tool: Tool
  private let head: [UInt8]
  private var hasItems = false

  /// - Parameters:
  ///   - members: those before the list.
  ///   - name: the list's own.
  init(_ tool: Tool, _ schema: String, _ members: [(String, JSON)], _ name: String) {
    self.tool = tool
    let document = JSON.object(
      [("schema", .string("cistern.\(schema)/1"))] + members + [(name, .array([]))])
    var head: [UInt8] = []
    document.write(to: &head)
    // Without the two brackets that end it.
    self.head = Array(head.dropLast(2))
  }

  mutating func append(_ items: [JSON]) throws(StorageError) {
    try append(
      items.map { item in
        var text: [UInt8] = []
        item.write(to: &text)
        return text
      })
  }

  /// - Parameter items: each in JSON, on one line.
  mutating func append(_ items: [[UInt8]]) throws(StorageError) {
    guard !items.isEmpty else { return }
    var text: [UInt8] = []
    if !hasItems, !tool.wantsLines { text = head }
    for item in items {
      if hasItems, !tool.wantsLines { text.append(UInt8(ascii: ",")) }
      hasItems = true
      text += item
      if tool.wantsLines { text.append(UInt8(ascii: "\n")) }
    }
    try tool.write(text)
  }

  func end() throws(StorageError) {
    guard !tool.wantsLines else { return }
    try tool.write((hasItems ? [] : head) + Array("]}\n".utf8))
  }
}
