import StorageModel

/// What was in the way of looking at a volume; the first of each kind counts.
package struct Trouble: Sendable {
  /// As of `Volume`.
  package private(set) var problem: String?
  /// As of `Volume`.
  package private(set) var failure: StorageError?

  /// As of `Volume`.
  package var hasDataElsewhere = false

  package init() {}

  /// Notes a problem; nil is none.
  package mutating func note(_ problem: String?) { self.problem = self.problem ?? problem }

  /// Notes an error.
  package mutating func note(_ error: StorageError) {
    note(error.text)
    // Content that cannot be understood is a fact like others. What the system refuses is not.
    if error.number != nil { failure = failure ?? error }
  }

  /// Notes what was in the way of looking at something that the volume depends on.
  /// - Parameter what: what that is, before a colon.
  package mutating func note(_ other: Trouble, of what: String) {
    note(other.problem.map { "\(what): \($0)" })
    failure = failure ?? other.failure
  }
}
