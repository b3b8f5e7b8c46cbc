import StorageModel

/// Lists for programs that read names as xargs -0 does.
extension Tool {
  /// Refuses two forms of a list at a time: `--null` beside what prints something else than names, both of JSON, and
  /// JSON beside chosen columns, of which it always has all.
  func checkForm() throws(StorageError) {
    if arguments.has("json"), wantsLines {
      throw Arguments.usage("Options --json and --json-lines are mutually exclusive")
    }
    if wantsJSON, arguments.isGiven("output") || arguments.has("raw") {
      throw Arguments.usage(
        "Options --\(wantsLines ? "json-lines" : "json") and"
          + " --\(arguments.has("raw") ? "raw" : "output") are mutually exclusive")
    }
    guard arguments.has("null") else { return }
    for other in ["json", "json-lines", "details", "output", "raw"] where arguments.isGiven(other) {
      throw Arguments.usage("Options --null and --\(other) are mutually exclusive")
    }
  }

  /// Writes names as they are, each followed by a null byte, and nothing else.
  func writeNullEnded(_ names: [String]) throws(StorageError) {
    guard !names.isEmpty else { return }
    try write(names.map { $0 + "\0" }.joined())
  }
}
