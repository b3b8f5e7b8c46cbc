extension Tool {
  /// The newest release in CHANGELOG.md; `make version` writes this file.
  package static let version = "0.2.0"
}
