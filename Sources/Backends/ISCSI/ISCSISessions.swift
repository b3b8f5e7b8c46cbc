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
  func all() -> [Session] {
    SysFile.names(in: folder).compactMap { session($0) }.sorted { $0.number < $1.number }
  }

  private func session(_ name: String) -> Session? {
    let folder = folder.appending(name)
    // .../hostH/sessionN/iscsi_session/sessionN
    guard name.hasPrefix("session"), let number = Int(name.dropFirst(7)),
      let real = Process.realPath(folder),
      let host = real.components.last(where: { $0.hasPrefix("host") })
        .flatMap({ UInt32($0.dropFirst(4)) })
    else { return nil }
    func text(_ attribute: String) -> String {
      let text = SysFile.text(folder.appending(attribute)) ?? ""
      return text == "<NULL>" || text == "(null)" ? "" : text
    }
    return Session(
      number: number, target: text("targetname"), interface: text("ifacename"),
      initiator: text("initiatorname"), state: text("state"), scsiHost: host,
      portals: portals(of: number))
  }

  private func portals(of session: Int) -> [Portal] {
    let connections = sys.appending("class/iscsi_connection")
    let names = SysFile.names(in: connections).filter { $0.hasPrefix("connection\(session):") }
    return names.flatMap { name in
      [("persistent_address", "persistent_port"), ("address", "port")].compactMap { host, port in
        let folder = connections.appending(name)
        guard let host = SysFile.text(folder.appending(host)), !host.isEmpty,
          let port = SysFile.text(folder.appending(port)).flatMap({ Int($0) })
        else { return nil }
        return try? Portal(PoolSource.Host(name: host, port: port))
      }
    }
  }
}
