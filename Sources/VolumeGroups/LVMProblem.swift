import StorageModel

/// What LVM's own words mean to a caller.
enum LVMProblem {
  /// Words of messages of LVM 2.03.16, in lower case, and the kind of failure they tell of; the first that occurs
  /// counts.
  private static let kinds: [(words: String, code: StorageError.Code)] = [
    ("insufficient free", .noSpace), ("insufficient suitable", .noSpace),
    ("reached threshold", .noSpace), ("not enough", .noSpace), ("no space left", .noSpace),
    ("free space in thin pool", .noSpace), ("out of data space", .noSpace),
    ("already exists", .exists), ("is already in volume group", .exists),
    ("names including", .badInput), ("invalid", .badInput),
    ("not detected in your kernel", .unsupported), ("driver missing from kernel", .unsupported),
    ("failure to communicate with kernel device-mapper", .unsupported),
    ("with system id", .unsupported), ("is exported", .unsupported), ("lock type", .unsupported),
    ("clustered", .unsupported), ("while pvs are missing", .busy),
    ("activation of partial", .busy), ("in use", .busy), ("is used by", .busy),
    ("exclusively", .busy),
    ("is open", .busy), ("contains a filesystem", .busy), ("still contains", .busy),
    ("not found", .notFound), ("failed to find", .notFound), ("no device found", .notFound),
    ("must be root", .permission), ("permission denied", .permission),
    ("operation not permitted", .permission), ("input/output error", .inputOutput),
  ]

  /// The error of a command that failed; its reason is LVM's first message.
  static func error(_ messages: [String], command: String, subject: String) -> StorageError {
    let all = messages.joined(separator: "\n").lowercased()
    let code = kinds.first { all.contains($0.words) }?.code ?? .failure
    let said = messages.first.map { $0.withoutFullStop }
    var error = StorageError(code, subject, "\(command) failed", reason: said)
    if all.contains("not detected in your kernel") {
      error.hint = "The kernel lacks a module: try 'modprobe -a dm-mod dm-thin-pool dm-snapshot'."
    } else if code == .unsupported, all.contains("driver missing") || all.contains("communicate") {
      error.hint = "The kernel has no device mapper: try 'modprobe dm-mod'."
    } else if all.contains("while pvs are missing") {
      // `Cannot change VG NAME while PVs are missing.`
      let words = messages.joined(separator: " ").split(separator: " ").map(String.init)
      let group = words.firstIndex(of: "VG").flatMap { words.dropFirst($0 + 1).first } ?? "GROUP"
      error.hint =
        "Bring the device back, or give up what is on it: \(VolumeGroup.givingUp(group))"
    }
    return error
  }
}
