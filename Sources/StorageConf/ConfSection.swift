import StorageModel

/// One `key = value` of a section.
package struct ConfEntry: Equatable, Sendable {
  /// In lower case.
  package let key: String
  /// Without blanks at both ends and without a comment; continuation lines are joined with a newline.
  package internal(set) var value: String
  /// The line of the assignment that counts, from 1.
  package internal(set) var line: Int
}

/// A `[name]` section; blocks of the same name are one section.
package struct ConfSection: Equatable, Sendable {
  package let name: String
  /// The line of the first header, from 1.
  package let line: Int
  /// The keys set in the section itself, in order of first appearance.
  package internal(set) var own: [ConfEntry] = []
  /// The keys that `[DEFAULT]` gives to every section; own keys win over them.
  package internal(set) var inherited: [ConfEntry] = []
  /// What cannot be understood in it or in what it inherits, in a document that was read in spite of such lines: then
  /// what it says is not known.
  package internal(set) var problem: ConfProblem?

  /// All keys that hold for the section: its own, then those it inherits and does not set itself.
  package var entries: [ConfEntry] {
    own + inherited.filter { entry in !own.contains { $0.key == entry.key } }
  }

  /// The entry that holds for `key` (in lower case), or nil.
  package func entry(_ key: String) -> ConfEntry? {
    own.first { $0.key == key } ?? inherited.first { $0.key == key }
  }
}
