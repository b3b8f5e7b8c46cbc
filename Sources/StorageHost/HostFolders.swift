import StorageModel
import StorageOS

/// The places on the host that the toolkit reads and writes.
package struct HostFolders: Sendable {
  /// Definitions: `storage.conf`, `pools/NAME.xml`, `pools/autostart/`.
  package let configuration: Path
  /// Locks, and what was started this boot.
  package let runtime: Path
  /// The folder of the pool `default`.
  package let data: Path
  package let proc: Path
  package let sys: Path
  /// Where device nodes are, and udev's links to them.
  package let dev: Path
  /// The folder in which systemd hands secrets to a service (systemd.exec(5), `LoadCredential=`); nil for none.
  package let credentials: Path?
  /// The file that tells this machine from others.
  package var machine = Path("/etc/machine-id")
  /// Seconds to wait for what may never answer: a server, a device.
  package var answerTimeout = 10.0
  /// What holds for whoever takes locks on this host.
  package var lockTerms = FileLock.Terms(timeout: 60, owner: "another command")

  package init(
    configuration: Path, runtime: Path, data: Path, proc: Path = Path("/proc"),
    sys: Path = Path("/sys"), dev: Path = Path("/dev"), credentials: Path? = nil
  ) {
    self.configuration = configuration
    self.runtime = runtime
    self.data = data
    self.proc = proc
    self.sys = sys
    self.dev = dev
    self.credentials = credentials
  }

  /// The places for whoever runs this process.
  ///
  /// `CISTERN_ROOT` puts all of them below another root; root has /etc, /run and /var/lib; anyone else the
  /// folders of the XDG base directory specification.
  package static func current() throws(StorageError) -> HostFolders {
    if let root = Process.environment("CISTERN_ROOT") {
      let root = Path(root)
      guard root.isAbsolute else {
        throw StorageError(.usage, "CISTERN_ROOT", "'\(root)' is not an absolute path")
      }
      return system(below: root)
    }
    if Process.isRoot { return system(below: Path("/")) }
    let home = try Process.home()
    guard home.isAbsolute else {
      throw StorageError(.usage, "HOME", "'\(home)' is not an absolute path")
    }
    // Relative values are to be ignored (XDG base directory specification).
    func base(_ variable: String) -> Path? {
      Process.environment(variable).map { Path($0) }.flatMap { $0.isAbsolute ? $0 : nil }
    }
    func folder(_ variable: String, _ fallback: String) -> Path {
      (base(variable) ?? home.appending(fallback)).appending("cistern")
    }
    let runtime =
      base("XDG_RUNTIME_DIR")?.appending("cistern") ?? home.appending(".local/state/cistern/run")
    return HostFolders(
      configuration: folder("XDG_CONFIG_HOME", ".config"), runtime: runtime,
      data: folder("XDG_DATA_HOME", ".local/share"), credentials: passedCredentials)
  }

  private static func system(below root: Path) -> HostFolders {
    HostFolders(
      configuration: root.appending("etc/cistern"), runtime: root.appending("run/cistern"),
      data: root.appending("var/lib/cistern"), credentials: passedCredentials)
  }

  private static var passedCredentials: Path? {
    Process.environment("CREDENTIALS_DIRECTORY").map { Path($0) }.flatMap {
      $0.isAbsolute ? $0 : nil
    }
  }

  /// What belongs to the present boot, in a folder named after it, so that nothing of an earlier boot counts
  /// even where the runtime folder survives one.
  ///
  /// Where proc(5) is not mounted, as in a folder that an image is made of, nothing tells boots apart: what was started
  /// there counts as started until it is stopped, or until proc(5) is mounted.
  /// - Throws: as `bootIdentifier`.
  package func currentBoot() throws(StorageError) -> Path {
    runtime.appending(HostFolders.bootPrefix + (try bootIdentifier()))
  }

  /// What tells the present boot of this machine from all others (random(4)).
  /// - Throws: where that is not known, but something was started in a boot that is: it can be this one.
  package func bootIdentifier() throws(StorageError) -> String {
    if let known = try SysFile.text(proc.appending("sys/kernel/random/boot_id")) { return known }
    let own = HostFolders.bootPrefix + HostFolders.unknownBoot
    let others = try SysFile.names(in: runtime).contains {
      $0.hasPrefix(HostFolders.bootPrefix) && $0 != own
    }
    guard !others else { throw OtherProcesses.untold(proc, "what is started") }
    return HostFolders.unknownBoot
  }

  /// What the present boot is called where nothing tells it from others.
  package static let unknownBoot = "unknown"
  private static let bootPrefix = "boot-"

  /// What tells this machine from others (machine-id(5)); empty where it has nothing.
  package func machineIdentifier() throws(StorageError) -> String {
    do throws(StorageError) {
      return String(decoding: try Descriptor(reading: machine).readAll(limit: 100), as: UTF8.self)
        .trimmed
    } catch {
      guard error.isAbsence else { throw error }
      return ""
    }
  }

  /// Takes one of the locks that are in the runtime folder, for those who share these definitions.
  /// - Returns: nil where it is done without.
  /// - Throws: `lockTimeout`, without a subject, naming the holder.
  package func lock(_ name: String, _ mode: FileLock.Mode, _ terms: FileLock.Terms)
    throws(StorageError) -> FileLock?
  {
    let folder: Folder
    do throws(StorageError) {
      folder = try terms.makesFile ? HostFolders.make(runtime) : Folder(opening: runtime)
    } catch {
      let isUseless = !terms.makesFile && error.isMissing
      guard isUseless || terms.mayDoWithout && error.code == .permission else { throw error }
      return nil
    }
    return try LockFile.lock(name, mode, of: "lock", in: folder, terms)
  }

  /// Makes a folder and its parents, 0755: definitions and what is started are no secrets, and reading them needs
  /// no privilege.
  package static func make(_ path: Path) throws(StorageError) -> Folder {
    do throws(StorageError) {
      return try Folder(opening: path)
    } catch {
      guard error.isMissing else { throw error }
    }
    let parent = try make(path.parent)
    if try parent.makeFolder(path.lastComponent, mode: 0o755) { try parent.sync() }
    return try parent.folder(path.lastComponent)
  }

  /// Makes a folder that only its owner may enter (0700), and its parents as `make` does.
  /// - Throws: as `openPrivate`.
  package static func makePrivate(_ path: Path) throws(StorageError) -> Folder {
    let parent = try make(path.parent)
    if try parent.makeFolder(path.lastComponent, mode: 0o700) { try parent.sync() }
    return try openPrivate(path)
  }

  /// Opens a folder that only its owner may enter.
  /// - Throws: `permission` where others may, or it belongs to somebody else.
  package static func openPrivate(_ path: Path) throws(StorageError) -> Folder {
    let folder = try Folder(opening: path)
    let status = try folder.descriptor.status()
    guard status.mode & 0o077 == 0 else {
      throw StorageError(
        .permission, path.text,
        "mode 0\(String(status.mode, radix: 8)) lets others in: expected 0700")
    }
    guard status.owner == Process.userID || status.owner == 0 else {
      throw StorageError(.permission, path.text, "belongs to user \(status.owner)")
    }
    return folder
  }
}
