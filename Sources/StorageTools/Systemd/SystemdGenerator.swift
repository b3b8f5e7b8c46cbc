import Definitions
import Operations
import StorageHost
import StorageModel
import StorageOS

/// Tells systemd at boot which pools to start, and after what: a generator as in systemd.generator(7).
///
/// `cistern-pool@.service` starts one pool; this adds to it what the pool needs, and the pools that are marked to be
/// started at boot to `cistern-pools.target`. Nothing is started here, no lock is taken, and what cannot be read
/// costs its own pool only.
enum SystemdGenerator {
  /// The name that systemd calls the program by.
  static let programName = "cistern-generator"

  /// Answers systemd, and ends the process.
  static func run(_ folders: [String]) -> Never {
    do throws(StorageError) {
      let warnings = try generate(folders, PoolStore(host: try HostFolders.current()))
      let lines = warnings.map { "\(programName): warning: \($0.escaped)\n" }
      Tool.finish("", lines.joined(), .success)
    } catch {
      Tool.finish("", "\(programName): \(error.text.escaped)\n", ExitStatus(error.code))
    }
  }

  /// Writes what there is to tell systemd.
  /// - Parameter folders: the generator's three folders; the first is for what is generated.
  /// - Returns: a line for each thing that went wrong.
  private static func generate(_ folders: [String], _ store: PoolStore) throws(StorageError)
    -> [String]
  {
    guard let first = folders.first, first.hasPrefix("/") else {
      throw StorageError(
        .usage, "", "is called by systemd, with the folders to write units to")
    }
    let target = try Folder(opening: Path(first))
    let found = try store.all()
    var warnings = found.warnings
    var wanted: [String] = []
    for (pool, needs) in BootNeeds.all(of: found.pools) {
      let unit = SystemdName.pool(pool.name)
      if pool.isAutostarted { wanted.append(unit) }
      do throws(StorageError) {
        try write(dropIn(needs), "needs", for: unit, in: target)
      } catch { warnings.append(error.text) }
    }
    guard !wanted.isEmpty else { return warnings }
    let text = "[Unit]\n" + wanted.map { "Wants=\($0)\n" }.joined()
    try write(text, "pools", for: "cistern-pools.target", in: target)
    return warnings
  }

  /// What a pool needs, as lines of its unit.
  static func dropIn(_ needs: BootNeeds) -> String {
    var lines = ["[Unit]"]
    for path in needs.mounts where path.isAbsolute && !path.text.hasControlCharacter {
      lines.append("RequiresMountsFor=\(SystemdName.quoted(path.text))")
    }
    // Wanted, not required: the pool itself tells best what it lacks.
    for device in needs.devices {
      let unit = SystemdName.device(device)
      lines += ["Wants=\(unit)", "After=\(unit)"]
    }
    for pool in needs.pools {
      let unit = SystemdName.pool(pool)
      lines += ["Wants=\(unit)", "After=\(unit)"]
    }
    if needs.isOnNetwork {
      lines += ["Wants=network-online.target", "After=network-online.target"]
    }
    lines += needs.services.map { "After=\($0)" }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func write(
    _ text: String, _ name: String, for unit: String, in target: Folder
  ) throws(StorageError) {
    _ = try target.makeFolder("\(unit).d", mode: 0o755)
    try target.folder("\(unit).d").write(text, to: "50-\(name).conf", mode: 0o644)
  }
}

/// Names of units, escaped as systemd.unit(5) says.
enum SystemdName {
  static func pool(_ name: PoolName) -> String { "cistern-pool@\(escaped(name.text)).service" }

  static func device(_ path: Path) -> String {
    escaped(path.components.joined(separator: "/")) + ".device"
  }

  /// Letters, digits, `:`, `_` and `.` stay, `/` becomes `-`, anything else and a leading dot becomes `\xNN`.
  static func escaped(_ text: String) -> String {
    var result = ""
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "/"): result += "-"
      case UInt8(ascii: ".") where index > 0, UInt8(ascii: ":"), UInt8(ascii: "_"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16)
        result += "\\x" + (hex.utf8.count < 2 ? "0" : "") + hex
      }
    }
    return result
  }

  /// A value of a unit file, in quotes, with nothing in it that means something to systemd.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for letter in text.unicodeScalars {
      switch letter {
      case "\\", "\"": result += "\\\(letter)"
      case "%": result += "%%"
      default: result.unicodeScalars.append(letter)
      }
    }
    return result + "\""
  }
}
