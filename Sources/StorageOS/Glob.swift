import Glibc
import StorageModel

/// Patterns as shells have them: fnmatch(3), by bytes.
package enum Glob {
  /// Whether all of `text` is what the pattern describes; `*` stands for slashes and leading dots as well.
  package static func matches(_ text: String, _ pattern: String) -> Bool {
    fnmatch(pattern, text, 0) == 0
  }
}
