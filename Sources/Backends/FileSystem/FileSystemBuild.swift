import MountedFolders
import Signatures
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Making the file system. Error texts in libvirt's words are those of libvirt 9.0, recorded.
extension FileSystemBackend {
  /// Checks all that can keep the file system from being made.
  /// - Returns: what makes it.
  /// - Throws: `exists` where the device holds something and may not be overwritten; `busy` where it is in use.
  func planFileSystem(_ overwrite: OverwritePolicy) throws(StorageError)
    -> (Steps) throws(StorageError) -> Void
  {
    let device = try device()
    guard let kind = FileSystemKind.named(format) else {
      throw StorageError(
        .unsupported, subject,
        format == "auto"
          ? "the definition does not say which file system to make on '\(device)': its format is 'auto'"
          : "no program makes file systems of type '\(format)'; one that is there already can be started"
      )
    }
    let program = try kind.program.path()
    let found = try Signature.all(on: openUnused(device))
    if overwrite != .overwrite { try refuse(found, on: device, kind) }
    // What one kind of file system leaves alone of another would make it two things at once.
    let wipe = found.isEmpty ? nil : ["--all", "--force", "--quiet", device.text]
    let wiper = Program("wipefs", package: "util-linux")
    let command = kind.program.commandLine(kind.arguments + [device.text])
    return { steps throws(StorageError) in
      if let wipe {
        try steps.run("run \(wiper.commandLine(wipe))") { () throws(StorageError) in
          try wiper.run(wipe, on: subject)
        }
      }
      try steps.run("run \(command)") { () throws(StorageError) in
        let result = try ChildProcess.run(program, kind.arguments + [device.text])
        guard result.status != 0 else { return }
        let words = String(
          decoding: result.errors.isEmpty ? result.output : result.errors, as: UTF8.self)
        throw StorageError(
          .failure, subject,
          "Failed to make filesystem of type '\(format)' on device '\(device)'",
          reason: words.split(whereSeparator: \.isNewline).map { $0.trimmed }.first { !$0.isEmpty })
      }
    }
  }

  /// Opens the device or image file for reading, and sees to it that nobody uses it.
  ///
  /// What is opened does not stay claimed: the program that makes the file system claims it itself.
  private func openUnused(_ device: Path) throws(StorageError) -> Descriptor {
    let status: FileStatus
    do throws(StorageError) { status = try FileStatus(following: device) } catch {
      guard error.isAbsence else { throw error }
      throw StorageError(
        .notFound, subject,
        "Requested operation is not valid: Source device does not exist when formatting pool '\(pool.name)'"
      )
    }
    switch status.kind {
    case .blockDevice:
      do throws(StorageError) { _ = try Descriptor(claiming: device) } catch {
        guard error.code == .busy else { throw error }
        throw inUse(
          device,
          by: try DeviceUse.holders(
            of: status.device, countingReaders: false, proc: host.proc, sys: host.sys))
      }
    case .regular:
      let loops = try OpenFiles.loopsBacked(by: status.identity, sys: host.sys)
      guard loops.isEmpty else { throw inUse(device, by: loops.map { "/dev/\($0)" }) }
    default:
      throw StorageError(.badInput, subject, "'\(device)' is neither a device nor an image file")
    }
    return try Descriptor(reading: device)
  }

  private func inUse(_ device: Path, by holders: [String]) -> StorageError {
    let names = holders.isEmpty ? "something else" : holders.joined(separator: ", ")
    return StorageError(.busy, subject, "device '\(device)' is in use by \(names)")
  }

  /// Refuses a device that holds anything.
  private func refuse(_ found: [Signature], on device: Path, _ kind: FileSystemKind)
    throws(StorageError)
  {
    guard !found.isEmpty else { return }
    let own = Signature(.fileSystem, kind.signature ?? format)
    // UDF is made with a partition table for those who look for one.
    if found.contains(own), found.allSatisfy({ $0 == own || $0.use == .partitionTable }) {
      throw StorageError(
        .exists, subject,
        "Storage pool already built: Device '\(device)' already formatted using '\(format)'")
    }
    throw StorageError(
      .exists, subject,
      "Storage pool already built: Format of device '\(device)' does not match the expected format"
        + " '\(format)', forced overwrite is necessary",
      reason: "it holds \(found.map { "\($0.words)" }.joined(separator: ", "))")
  }
}

extension Signature {
  /// What was found, in words.
  fileprivate var words: String {
    switch use {
    case .fileSystem: return "a file system '\(type)'"
    case .member: return "a part of something larger, '\(type)'"
    case .encryption: return "encrypted data, '\(type)'"
    case .partitionTable: return "a partition table '\(type)'"
    case .other: return "'\(type)'"
    }
  }
}
