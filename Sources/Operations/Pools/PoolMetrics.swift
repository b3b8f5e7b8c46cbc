import Definitions
import StorageBackend
import StorageModel

/// What monitoring wants to know of a pool.
package struct PoolMetrics: Sendable {
  package let status: PoolStatus
  /// nil while the pool is inactive, or where its volumes cannot be listed.
  package var volumes: VolumeMetrics?
  /// nil where volumes are ordinary ones.
  package var thin: ThinUsage?
  /// How many left-overs there are of each kind; nil where that cannot be told.
  package var leftovers: [Finding.Kind: Int]?
  /// What could not be found out, a line each.
  package var problems: [String] = []

  package var name: PoolName { status.record.name }
}

/// The volumes of a pool in numbers.
package struct VolumeMetrics: Equatable, Sendable {
  package var count = 0
  /// Those that cannot be read.
  package var broken = 0
  /// Of those that can, how many are in each state.
  package var states: [LifecycleState: Int] = [:]
  /// What all volumes together offer.
  package var provisioned: ByteCount = 0
  package var revisions = 0
  /// What the revisions take, blocks that they share counted for each.
  package var revisionsAllocation: ByteCount = 0
}

extension Storage {
  /// Looks at a pool, its volumes and its left-overs.
  ///
  /// Never fails: what goes wrong is in the answer. Left-overs are looked for under the pool's shared lock.
  package func metrics(of record: PoolRecord) -> PoolMetrics {
    var metrics = PoolMetrics(status: status(of: record))
    if let problem = metrics.status.problem { metrics.problems.append(problem) }
    guard metrics.status.sizes != nil else { return metrics }
    do throws(StorageError) {
      let pool = try activePool(record)
      metrics.volumes = try volumeMetrics(of: pool)
      metrics.thin = try pool.backend.able(to: .tellThinUsage)?.thinUsage()
    } catch { metrics.problems.append(error.text) }
    do throws(StorageError) {
      metrics.leftovers = try check(record.name.text, repair: false).findings
        .reduce(into: [:]) { counts, finding in counts[finding.0.kind, default: 0] += 1 }
    } catch {
      // Not every kind of pool has any.
      if error.code != .unsupported { metrics.problems.append(error.text) }
    }
    return metrics
  }

  private func volumeMetrics(of pool: ActivePool) throws(StorageError) -> VolumeMetrics {
    var metrics = VolumeMetrics()
    try pool.eachVolume { volumes throws(StorageError) in
      try count(volumes, of: pool, in: &metrics)
    }
    return metrics
  }

  private func count(
    _ volumes: [Volume], of pool: ActivePool, in metrics: inout VolumeMetrics
  ) throws(StorageError) {
    let backend = pool.backend.able(to: .revisions)
    for index in volumes.indices {
      metrics.count += 1
      guard volumes[index].problem == nil else {
        metrics.broken += 1
        continue
      }
      metrics.states[volumes[index].state, default: 0] += 1
      let capacity = volumes[index].capacity
      metrics.provisioned = metrics.provisioned.adding(capacity) ?? .maximum
      guard let backend, volumes[index].properties.kind != .inPlace else { continue }
      for revision in try backend.revisions(of: volumes[index]) {
        metrics.revisions += 1
        let allocation = metrics.revisionsAllocation.adding(revision.allocation)
        metrics.revisionsAllocation = allocation ?? .maximum
      }
    }
  }
}
