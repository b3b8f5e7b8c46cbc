/// What was begun with a volume's content in place and is not known to have ended.
package struct UnfinishedChange: Equatable, Sendable {
  package enum Kind: String, CaseIterable, Sendable { case create, `import`, wipe, upload }

  package let kind: Kind
  /// The bytes that can be half done; nil for all of the content.
  package let part: Range<Int64>?

  private init(_ kind: Kind, _ part: Range<Int64>? = nil) {
    self.kind = kind
    self.part = part
  }

  package static let create = UnfinishedChange(.create)
  package static let `import` = UnfinishedChange(.import)
  package static let wipe = UnfinishedChange(.wipe)
  package static func upload(_ part: Range<Int64>) -> UnfinishedChange {
    UnfinishedChange(.upload, part)
  }

  /// As records have it: `wipe`, or `upload FIRST-END`.
  package var text: String {
    part.map { "\(kind.rawValue) \($0.lowerBound)-\($0.upperBound)" } ?? kind.rawValue
  }

  /// What `text` may look like, for whoever wrote something else.
  package static let expected = "create, import, wipe, upload FIRST-END"

  /// Reads what `text` writes; nil for anything else.
  package init?(text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard let kind = words.first.flatMap({ Kind(rawValue: String($0)) }) else { return nil }
    guard kind == .upload else {
      guard words.count == 1 else { return nil }
      self.init(kind)
      return
    }
    let ends = words.last?.split(separator: "-").map { Int64($0) } ?? []
    guard words.count == 2, ends.count == 2, let first = ends[0], let end = ends[1], first <= end
    else { return nil }
    self.init(kind, first..<end)
  }

  /// The same, as far as it has come when it ends by itself.
  /// - Parameter end: where the last byte was written; nil for all of it.
  package func ended(at end: ByteCount?) -> UnfinishedChange {
    guard let part, let end else { return self }
    return UnfinishedChange(kind, part.lowerBound..<max(part.lowerBound, end.bytes))
  }

  /// Whether nothing of the other one is left once this one has come to its end.
  /// - Parameter size: how much content there is.
  package func settles(_ other: UnfinishedChange, size: ByteCount) -> Bool {
    guard let part else { return true }
    let all = 0..<size.bytes
    let due = other.part.map { $0.clamped(to: all) } ?? all
    return due.isEmpty || part.lowerBound <= due.lowerBound && part.upperBound >= due.upperBound
  }

  /// What stays unfinished of this one when another one has come to its end; nil for nothing.
  /// - Parameter size: how much content there is.
  package func rest(after other: UnfinishedChange, size: ByteCount) -> UnfinishedChange? {
    other.settles(self, size: size) ? nil : self
  }

  /// What is wrong with the volume.
  package var problem: String {
    switch kind {
    case .create: return "its content is incomplete: copying into the new volume did not finish"
    case .import: return "its content is incomplete: an import did not finish"
    case .wipe: return "its content is partly destroyed: a wipe did not finish"
    case .upload: return "its content is incomplete: an upload did not finish"
    }
  }
}
