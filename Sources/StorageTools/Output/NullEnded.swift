import StorageModel

/// Lists for programs that read names as xargs -0 does.
extension Tool {
  /// Refuses `--null` beside what prints something else than names.
  func checkNull() throws(StorageError) {
    guard arguments.has("null") else { return }
    for other in ["json", "details"] where arguments.has(other) {
      throw Arguments.usage("Options --null and --\(other) are mutually exclusive")
    }
  }

  /// Writes names as they are, each followed by a null byte, and nothing else.
  func writeNullEnded(_ names: [String]) throws(StorageError) {
    try write(names.map { $0 + "\0" }.joined())
  }
}
