import StorageHost
import StorageModel

/// The hint of an error after which one command clearly comes next.
package enum NextCommand {
  /// A line that names a command line.
  package static func hint(_ words: String...) -> String { hint(words) }

  package static func hint(_ words: [String]) -> String { "Try: " + line(words) }

  /// A command line, quoted as a shell needs it.
  package static func line(_ words: [String]) -> String {
    words.map { $0.shellQuoted }.joined(separator: " ")
  }

  /// A command line about a volume.
  package static func line(
    _ command: String, _ volume: VolumeName, _ more: String..., in pool: PoolName
  ) -> String {
    line([command, volume.text] + more + ["--pool", pool.text])
  }
}
