import StorageHost
import StorageModel
import StorageOS

/// The sessions of the machine with iSCSI targets, whoever logged in, read from /sys.
struct ISCSISessions {
  private let sys: Path

  init(sys: Path) { self.sys = sys }

  /// One session.
  struct Session: Equatable {
    /// The number that iscsiadm knows it by.
    let number: Int
    let target: String
    /// The interface record of open-iscsi that it was made by; the word that tells whose it is.
    let interface: String
    let initiator: String
    /// `LOGGED_IN`, `FAILED` or `FREE`.
    let state: String
    /// The SCSI host that its units are on.
    let scsiHost: UInt32
    /// What it was asked to connect to, and what that turned out to be.
    let portals: [Portal]

    var isLoggedIn: Bool { state == "LOGGED_IN" }

    func serves(_ portal: Portal) -> Bool { portals.contains(portal) }
  }

  private var folder: Path { sys.appending("class/iscsi_session") }

  /// In the order of their numbers.
  func all() throws(StorageError) -> [Session] {
    var found: [Session] = []
    for name in try SysFile.names(in: folder) {
      if let session = try session(name) { found.append(session) }
    }
    return found.sorted { $0.number < $1.number }
  }

  private func session(_ name: String) throws(StorageError) -> Session? {
    let folder = folder.appending(name)
    // .../hostH/sessionN/iscsi_session/sessionN
    guard let number = name.without(prefix: "session").flatMap({ Int($0) }),
      let real = try Process.realPath(folder),
      let host = real.components.lazy.compactMap({ $0.without(prefix: "host") }).last
        .flatMap({ UInt32($0) })
    else { return nil }
    func text(_ attribute: String) throws(StorageError) -> String {
      let text = try SysFile.text(folder.appending(attribute)) ?? ""
      return text == "<NULL>" || text == "(null)" ? "" : text
    }
    return Session(
      number: number, target: try text("targetname"), interface: try text("ifacename"),
      initiator: try text("initiatorname"), state: try text("state"), scsiHost: host,
      portals: try portals(of: number))
  }

  private func portals(of session: Int) throws(StorageError) -> [Portal] {
    let connections = sys.appending("class/iscsi_connection")
    var found: [Portal] = []
    for name in try SysFile.names(in: connections) where name.hasPrefix("connection\(session):") {
      let folder = connections.appending(name)
      for (host, port) in [("persistent_address", "persistent_port"), ("address", "port")] {
        guard let host = try SysFile.text(folder.appending(host)), !host.isEmpty,
          let port = try SysFile.text(folder.appending(port)).flatMap({ Int($0) }),
          // What the kernel says in a form that is no portal's is none that a pool could name.
          let portal = try? Portal(PoolSource.Host(name: host, port: port))
        else { continue }
        found.append(portal)
      }
    }
    return found
  }
}
