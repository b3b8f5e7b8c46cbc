import StorageHost
import StorageModel
import StorageOS
import TestSupport

/// A machine whose /sys and /dev are folders, made of a recording in Fixtures.
final class RecordedTree: Sendable {
  let temporary: TemporaryFolder
  let host: HostFolders

  init(_ name: String) throws {
    temporary = try TemporaryFolder()
    let root = temporary.path
    host = HostFolders(
      configuration: root.appending("etc"), runtime: root.appending("run"),
      data: root.appending("data"), proc: root.appending("proc"), sys: root.appending("sys"),
      dev: root.appending("dev"))
    try temporary.write("a-boot\n", to: "proc/sys/kernel/random/boot_id")
    let lines = try Repository.lines("Tests/Unit/SCSIUnitsTests/Fixtures/\(name).sysfs")
    var script = "mkdir -p dev sys && cd sys\n"
    for line in lines where !line.isEmpty && !line.hasPrefix("#") {
      if line.hasSuffix("/") {
        script += "mkdir -p '\(line)'\n"
        continue
      }
      let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
      let path = String(words[0])
      let value = words.count > 2 ? String(words[2]) : ""
      script += "mkdir -p '\(Path(path).parent)'\n"
      switch words[1] {
      case "->": script += "ln -s '\(value)' '\(path)'\n"
      case ":": script += "printf '%s' '\(value)' | xxd -r -p > '\(path)'\n"
      default: script += "printf '%s\\n' '\(value)' > '\(path)'\n"
      }
      if Path(path).parent == Path("block") {
        script += "touch '../dev/\(Path(path).lastComponent)'\n"
      }
    }
    try temporary.write(script, to: "script")
    try temporary.shell("sh -e script")
  }

  /// Makes a link below dev, as udev does.
  func link(_ name: String, to device: String) throws {
    try temporary.shell(
      "mkdir -p dev/disk/by-path && ln -s ../../\(device) dev/disk/by-path/\(name)")
  }

  func set(_ attribute: String, to text: String) throws {
    try temporary.shell("printf '%s\\n' '\(text)' > 'sys/\(attribute)'")
  }

  func attribute(_ name: String) throws -> String {
    String(decoding: try temporary.bytes("sys/\(name)"), as: UTF8.self)
  }
}

/// The error of what is expected to fail; nil where it does not.
func failure<Value>(_ body: () throws(StorageError) -> Value) -> StorageError? {
  do throws(StorageError) {
    _ = try body()
    return nil
  } catch { return error }
}
