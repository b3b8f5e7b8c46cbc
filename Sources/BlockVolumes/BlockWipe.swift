import StorageBackend
import StorageConf
import StorageHost
import StorageModel
import StorageOS

extension BlockBackend {
  /// Overwrites the whole device: with zeroes by its own means where it has any, by the patterns of scrub(1), or, as
  /// `trim`, by giving its blocks back.
  ///
  /// Encryption goes with the header that is overwritten; size and format stay.
  package func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    try checkContent(of: volume, to: "wipe")
    let path = path(of: volume.name)
    let scrubbing = ["-f", "-p", algorithm.rawValue]
    let program = Program.scrub
    let description: String
    switch algorithm {
    case .zero: description = "overwrite '\(path)' with zeroes"
    case .trim: description = "give back the blocks of '\(path)'"
    default:
      _ = try program.path()
      description = "run \(program.commandLine(scrubbing + [path.text]))"
    }
    try steps.run(description) { () throws(StorageError) in
      try changeContent(of: volume.name, as: .wipe) { device, geometry throws(StorageError) in
        switch algorithm {
        case .zero:
          try device.zeroDevice(from: 0, to: geometry.size, progress: steps.progress)
        case .trim: try device.discardDevice(from: 0, to: geometry.size)
        default:
          // scrub(1) 2.6 does nothing and succeeds where a link, also one of /proc, leads to a device.
          let real = try Process.realPath(path) ?? path
          // How far it is, scrub tells nobody.
          steps.progress?.begin("wipe", total: geometry.size)
          try program.run(scrubbing + [real.text], on: path.text)
          steps.progress?.finish(geometry.size.bytes, moved: geometry.size.bytes)
        }
        return nil
      }
      guard var record = try record(of: volume.name), record.encryption != nil else { return }
      record.encryption = nil
      try setRecord(record, of: volume.name)
    }
  }
}
