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
  /// Seconds to wait for what may never answer: a server, a device.
  package var answerTimeout = 10.0

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
    let home = Process.home
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
  package func currentBoot() throws(StorageError) -> Path {
    let file = proc.appending("sys/kernel/random/boot_id")
    let text = String(decoding: try Descriptor(reading: file).readAll(limit: 100), as: UTF8.self)
    return runtime.appending("boot-\(text.trimmed)")
  }

  /// Makes a folder and its parents, 0755: definitions and what is started are no secrets, and reading them needs
  /// no privilege.
  package static func make(_ path: Path) throws(StorageError) -> Folder {
    do throws(StorageError) {
      return try Folder(opening: path)
    } catch {
      guard error.isAbsence else { throw error }
    }
    let parent = try make(path.parent)
    if try parent.makeFolder(path.lastComponent, mode: 0o755) { try parent.sync() }
    return try Folder(opening: path)
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
