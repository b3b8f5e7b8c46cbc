import BlockVolumes
import SCSIUnits
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Pools of type scsi: the units of an adapter, of a Fibre Channel port, or of a virtual port that the pool makes.
package struct SCSIBackend: UnitBackend, AttachingBackend {
  package static let type = PoolType.scsi

  package let pool: PoolDefinition
  package let host: HostFolders

  package init(_ pool: PoolDefinition, host: HostFolders, secrets: any SecretSource) {
    self.pool = pool
    self.host = host
  }

  private var hosts: SCSIHosts { SCSIHosts(sys: host.sys) }

  /// - Throws: `badInput` where the definition names none.
  private func adapter() throws(StorageError) -> PoolSource.Adapter {
    guard let adapter = pool.source.adapter else {
      throw StorageError(.badInput, "pool '\(pool.name)'", "missing storage pool source adapter")
    }
    return adapter
  }

  package func hostNumber() throws(StorageError) -> UInt32 {
    let number: UInt32
    do throws(StorageError) { number = try hosts.number(of: try adapter()) } catch {
      var error = error
      error.subject = "pool '\(pool.name)'"
      throw error
    }
    guard try hosts.exists(number) else {
      let file = tree.scanFile(ofHost: number)
      throw StorageError(
        .notFound, "pool '\(pool.name)'", "Could not open '\(file)' to trigger host scan",
        reason: "No such file or directory")
    }
    return number
  }

  package func start(_ steps: Steps) throws(StorageError) {
    try StablePaths.check(target: target, dev: host.dev)
    guard case .fibreChannelHost(let port) = try adapter() else {
      let number = try hostNumber()
      return try scanSteps(on: { number }, of: "host\(number)", growing: false, steps)
    }
    let virtual = VirtualPort(port, pool: pool, host: host)
    let isNew = try virtual.create(steps)
    // Units of a new port come up when its link does.
    try scanSteps(
      on: { () throws(StorageError) in try hostNumber() },
      of: "the Fibre Channel port \(port.wwpn)",
      growing: false, awaitingFirst: isNew, steps)
  }

  package func stop(_ steps: Steps) throws(StorageError) {
    guard case .fibreChannelHost(let port) = try adapter() else { return }
    let virtual = VirtualPort(port, pool: pool, host: host)
    guard try virtual.goesAtStop() else { return }
    try checkUnused()
    try virtual.delete(steps)
  }

  package func isAttached() throws(StorageError) -> Bool {
    do throws(StorageError) {
      _ = try hostNumber()
      return true
    } catch {
      guard error.code == .notFound else { throw error }
      return false
    }
  }

  /// Ports that somebody else made are none of the pool's.
  package func unfinishedStart() throws(StorageError) -> Finding? {
    guard case .fibreChannelHost(let port) = try adapter() else { return nil }
    let virtual = VirtualPort(port, pool: pool, host: host)
    return try virtual.isMarked() ? Finding(.staleSession, virtual.mark(), volume: nil) : nil
  }
}
