import Operations
import StorageModel
import StorageOS

/// Parameters that commands which move content share.
extension Parameter {
  static let offset = Parameter.optional(
    "offset", "SIZE", "Offset in the volume to begin at (0).", .size
  ).whereEmpty(.isValue)
  static let length = Parameter.optional(
    "length", "SIZE", "Bytes to copy at most; 0 for all (0).", .size
  ).whereEmpty(.isValue)
  static let checksum = Parameter.flag("checksum", "Print the SHA-256 of the content.")
  static let verify = Parameter.named(
    "verify", "SUM", "Fail unless the content has this SHA-256.", .text)
}

extension Tool {
  /// What `--offset` and `--length` say.
  func contentPart() throws(StorageError) -> ContentPart {
    // virsh takes -1 for the largest number.
    let length = arguments.value("length") == "-1" ? nil : try position("length")
    return ContentPart(offset: try position("offset") ?? 0, length: length == 0 ? nil : length)
  }

  /// A number of bytes, in virsh's words where it is none.
  private func position(_ name: String) throws(StorageError) -> ByteCount? {
    do throws(StorageError) { return try arguments.size(name) } catch {
      throw StorageError(
        .usage, "",
        "Numeric value '\(arguments.required(name))' for <\(name)> option is malformed or out of range"
      )
    }
  }

  /// What `--format` says of content.
  func contentFormat() throws(StorageError) -> VolumeFormat? {
    guard let word = arguments.value("format") else { return nil }
    // What can be read is a format of content, even if no volume can be made of it.
    let formats = VolumeFormat.images + VolumeFormat.allCases.filter(\.isReadByQEMU)
    guard let format = formats.first(where: { $0.rawValue == word }) else {
      throw StorageError(
        .badInput, "--format", "unknown volume format type \(word)")
    }
    return format
  }

  /// What `--checksum` and `--verify` say.
  func contentCheck() throws(StorageError) -> ContentCheck {
    let text = arguments.value("verify")
    let expected = text.flatMap { Checksum($0) }
    guard expected != nil || text == nil else {
      throw Arguments.usage("--verify '\(text ?? "")' is no SHA-256: 64 hexadecimal digits")
    }
    return ContentCheck(isWanted: arguments.has("checksum"), expected: expected)
  }

  /// The member of a JSON document that tells a checksum, where it was asked for.
  func checksumMember(_ sum: Checksum?) -> [(String, JSON)] {
    guard arguments.has("checksum"), let sum else { return [] }
    return [("sha256", .string("\(sum)"))]
  }

  /// Reports a change of which virsh says nothing but an empty line; that is left out where a checksum is printed, so
  /// that sha256sum(1) can read what is.
  func reportContent(
    _ change: Storage.Change, _ pool: PoolName, _ volume: VolumeName, _ sum: Checksum?,
    of file: String
  ) throws(StorageError) {
    guard sum == nil || wantsJSON || !arguments.has("checksum") else {
      leaveWord(of: change, pool: pool, volume: volume, "Vol \(volume) changed")
      return try printChecksum(sum, of: file)
    }
    try report(change, pool: pool, volume: volume, "", more: checksumMember(sum))
  }

  /// Prints a checksum as sha256sum does: on standard error where content goes to standard output.
  func printChecksum(_ sum: Checksum?, of file: String, besideContent: Bool = false)
    throws(StorageError)
  {
    guard arguments.has("checksum"), let sum, besideContent || !wantsJSON else { return }
    let line = "\(sum)  \(file)\n"
    if besideContent {
      ProgressLine.erase()
      try Process.standardError.write(Array(line.utf8))
    } else {
      try write(line)
    }
  }

  /// Where to write content to: standard output for `-`.
  ///
  /// - Throws: for a folder, and for a file that belongs to an active pool.
  func output(_ file: String, mode: UInt32) throws(StorageError) -> Transfer.Output {
    if file == "-" {
      // Nothing is changed, so whoever stops reading may end this as any other reader.
      Process.endOnBrokenPipe()
      return .open(Process.standardOutput)
    }
    guard !file.isEmpty else { throw StorageError(.usage, "", "the name of a file is empty") }
    guard !file.hasSuffix("/") else { throw StorageError(.badInput, file, "is a directory") }
    try reach(file)
    try storage.checkExportTarget(Path(file))
    return .path(Path(file), mode: mode)
  }
}
