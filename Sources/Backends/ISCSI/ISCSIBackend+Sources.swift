import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Looking for the targets of a portal.
extension ISCSIBackend: SourceFindingBackend {
  /// - Throws: where the portal does not answer in time; `badInput` without a host.
  package static func findSources(_ query: PoolSource?, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    let patience = host.answerTimeout
    let server = try queriedHost(query, of: "iscsi")
    let portal = try Portal(server)
    let admin = ISCSIAdmin(subject: "")
    guard let initiator = query?.initiatorIQN else {
      let words = ISCSIAdmin.discovery(at: portal, by: nil)
      return sources(in: try admin.run(words, allowingNothing: true, timeout: patience), query)
    }
    // Who asks is a property of an interface record, which is there only as long as it is needed.
    let name = "cistern-find-\(randomSuffix())"
    let iqn = try ISCSIName(initiator)
    let remove = ISCSIAdmin.interface(name, ["--op", "delete"])
    var output = ""
    let steps = Steps()
    try steps.perform { () throws(StorageError) in
      try steps.run("make an interface record") { () throws(StorageError) in
        try admin.run(ISCSIAdmin.interface(name, ["--op", "new"]), timeout: patience)
      }
      do throws(StorageError) {
        try admin.run(
          ISCSIAdmin.interface(
            name, ["--op", "update", "--name", "iface.initiatorname", "--value", "\(iqn)"]),
          timeout: patience)
        output = try admin.run(
          ISCSIAdmin.discovery(at: portal, by: name), allowingNothing: true, timeout: patience)
      } catch {
        throw error.undone { () throws(StorageError) in
          _ = try admin.run(remove, timeout: patience)
        }
      }
      try admin.run(remove, timeout: patience)
    }
    return sources(in: output, query)
  }

  /// One source for each target; one that answers at several portals is still one.
  private static func sources(in output: String, _ query: PoolSource?) -> [PoolSource] {
    var seen: Set<ByteString> = []
    return ISCSIAdmin.targets(in: output).filter { seen.insert("\($0.name)").inserted }.map {
      target in
      var source = PoolSource()
      source.hosts = query?.hosts ?? []
      source.initiatorIQN = query?.initiatorIQN
      source.devices = [PoolSource.Device(path: Path(verbatim: "\(target.name)"))]
      return source
    }
  }
}
