import StorageHost

/// The hint of an error after which one command clearly comes next.
package enum NextCommand {
  /// A line that names a command line, quoted as a shell needs it.
  package static func hint(_ words: String...) -> String {
    "Try: " + words.map { $0.shellQuoted }.joined(separator: " ")
  }
}
