import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The virtual Fibre Channel port (NPIV) of a pool: a host of its own that a real port makes when it is told to.
struct VirtualPort {
  private let port: PoolSource.FibreChannel
  private let pool: PoolName
  private let host: HostFolders
  private var hosts: SCSIHosts { SCSIHosts(sys: host.sys) }
  /// Seconds within which a driver has to make the host of a port.
  private var patience: Double { host.answerTimeout }

  init(_ port: PoolSource.FibreChannel, pool: PoolDefinition, host: HostFolders) {
    self.port = port
    self.pool = pool.name
    self.host = host
  }

  /// The file that says, until the next boot, that a start of the pool made the port.
  func mark() throws(StorageError) -> Path {
    try host.currentBoot().appending("vports/\(pool)")
  }

  func isMarked() throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try FileStatus(following: mark())
      return true
    } catch {
      if error.isAbsence { return false }
      throw error
    }
  }

  /// The host of the port; nil where the port is not there.
  private func present() throws(StorageError) -> UInt32? {
    try hosts.fibreChannelHost(wwnn: port.wwnn, wwpn: port.wwpn)
  }

  /// Makes the port unless it is there, with a mark that it was made here, which is written first: what a killed
  /// start leaves is then known to be the pool's.
  /// - Returns: whether the port is new, or will be.
  func create(_ steps: Steps) throws(StorageError) -> Bool {
    if let number = try present() {
      try checkParent(of: number)
      return false
    }
    let parent = try parentHost()
    guard let file = try hosts.virtualPortFile("vport_create", of: parent) else {
      throw StorageError(
        .unsupported, "", "parent 'scsi_host\(parent)' specified for vHBA is not vport capable")
    }
    let mark = try mark()
    try steps.run("note in '\(mark)' that the port is made here", undo: removeMark) {
      () throws(StorageError) in
      try HostFolders.make(mark.parent).write("\(parent)\n", to: mark.lastComponent)
    }
    try steps.run(
      "make the virtual port \(words) through '\(file)'",
      undo: { () throws(StorageError) in try remove(from: parent) }
    ) { () throws(StorageError) in
      try SysFile.write(words, to: file, "cannot make the virtual port \(words)")
      guard
        try Waiting.upTo(
          seconds: patience, { () throws(StorageError) -> Bool in try present() != nil })
      else {
        throw StorageError(
          .failure, "",
          "Failed to find SCSI host with wwnn='\(port.wwnn)', wwpn='\(port.wwpn)'",
          reason: "the virtual port did not appear within \(Int(patience)) seconds")
      }
    }
    return true
  }

  /// Whether stopping the pool removes the port: `managed` says, and where it does not, a port goes that was made by
  /// the start.
  func goesAtStop() throws(StorageError) -> Bool {
    if let managed = port.managed { return managed }
    return try isMarked()
  }

  /// Removes the port, and then the mark.
  func delete(_ steps: Steps) throws(StorageError) {
    if let number = try present(), let parent = try hosts.parent(ofVirtualPort: number) {
      try steps.run("remove the virtual port \(words) of host\(parent)") {
        () throws(StorageError) in try remove(from: parent)
      }
    }
    if try isMarked() { try steps.run("forget who made the port", removeMark) }
  }

  private func removeMark() throws(StorageError) {
    let mark = try mark()
    try Folder(opening: mark.parent).remove(mark.lastComponent)
  }

  private func remove(from parent: UInt32) throws(StorageError) {
    guard let file = try hosts.virtualPortFile("vport_delete", of: parent) else {
      throw StorageError(.unsupported, "", "host\(parent) removes no virtual ports")
    }
    try SysFile.write(words, to: file, "cannot remove the virtual port \(words)")
  }

  /// How drivers want the port named: port name, then node name, without `0x` (Linux, scsi_transport_fc).
  private var words: String {
    func plain(_ name: String) -> Substring { name.without(prefix: "0x") ?? name[...] }
    return "\(plain(port.wwpn)):\(plain(port.wwnn))"
  }

  /// The host that is to make the port: the one named, by any of its names, else the first with room.
  private func parentHost() throws(StorageError) -> UInt32 {
    if let name = port.parent {
      let number = try hosts.number(of: .scsiHost(name: name))
      guard try hosts.exists(number) else {
        throw StorageError(.notFound, "", "parent '\(name)' specified for vHBA does not exist")
      }
      return number
    }
    if let wwnn = port.parentWWNN, let wwpn = port.parentWWPN {
      guard let number = try hosts.fibreChannelHost(wwnn: wwnn, wwpn: wwpn) else {
        throw StorageError(
          .notFound, "", "unable to find parent host by provided wwnn='\(wwnn)' wwpn='\(wwpn)'")
      }
      return number
    }
    if let fabric = port.parentFabricWWN {
      guard let number = try hosts.fibreChannelHost(fabric: fabric) else {
        throw StorageError(.notFound, "", "unable to find parent host by fabric_wwn='\(fabric)'")
      }
      return number
    }
    guard let number = try hosts.hostWithRoomForVirtualPort() else {
      throw StorageError(
        .notFound, "", "'parent' for vHBA not specified, and cannot find one on this host")
    }
    return number
  }

  /// A port that is there must be the named parent's.
  private func checkParent(of number: UInt32) throws(StorageError) {
    guard let name = port.parent, let actual = try hosts.parent(ofVirtualPort: number) else {
      return
    }
    let wanted = try hosts.number(of: .scsiHost(name: name))
    guard wanted == actual || wanted == number else {
      throw StorageError(
        .badInput, "",
        "Parent attribute '\(name)' does not match parent 'scsi_host\(actual)' determined for the "
          + "'scsi_host\(number)' wwnn/wwpn lookup.")
    }
  }
}
