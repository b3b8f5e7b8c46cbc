import Definitions
import Operations
import StorageBackend
import StorageModel
import StorageOS

extension Command {
  static let poolMetrics = Command(
    "pool-metrics", "Print metrics of pools, for Prometheus.", .locks,
    [
      .optional("pool", "POOL", "Only this pool.", .pool(.any)),
      .named(
        "folder", "PATH", "Write cistern.prom in this folder instead, atomically.", .folder),
    ],
    example: "pool-metrics"
  ) { tool throws(StorageError) in
    let (metrics, unreadable) = try tool.metrics()
    if tool.wantsJSON {
      return try tool.report(
        "",
        json: ("pool-metrics", [("pools", .array(metrics.map(\.json)))]))
    }
    let text = prometheus(metrics, unreadable: unreadable)
    guard let folder = tool.arguments.value("folder") else { return try tool.write(text) }
    try Folder(opening: Path(folder)).write(text, to: "cistern.prom", mode: 0o644)
  }

  private static func prometheus(_ pools: [PoolMetrics], unreadable: Int) -> String {
    typealias Sample = PrometheusText.Sample
    var text = PrometheusText()
    /// A sample of each pool that has the value.
    func gauge(_ name: String, _ help: String, _ value: (PoolMetrics) -> Int64?) {
      text.gauge(
        "cistern_\(name)", help,
        pools.compactMap { pool in value(pool).map { Sample([("pool", pool.name.text)], $0) } })
    }
    func gauge(
      _ name: String, _ help: String, by label: String, _ values: (PoolMetrics) -> [(String, Int)]
    ) {
      text.gauge(
        "cistern_\(name)", help,
        pools.flatMap { pool in
          values(pool).map { Sample([("pool", pool.name.text), (label, $0)], Int64($1)) }
        })
    }
    text.gauge(
      "cistern_build_info", "The version of Cistern.", [Sample([("version", Tool.version)], 1)])
    text.gauge(
      "cistern_unreadable_definitions", "Definitions of pools that cannot be read.",
      [Sample([], Int64(unreadable))])
    gauge("pool_info", "The type of the pool.", by: "type") {
      [($0.status.record.definition.type.rawValue, 1)]
    }
    gauge("pool_active", "Whether the pool is started.") { $0.status.record.isActive ? 1 : 0 }
    gauge("pool_autostart", "Whether the pool is to be started at boot.") {
      $0.status.record.isAutostarted ? 1 : 0
    }
    gauge("pool_reachable", "Whether a started pool can be reached.") {
      $0.status.record.isActive ? ($0.status.state == .inaccessible ? 0 : 1) : nil
    }
    gauge("pool_capacity_bytes", "Size of the pool.") { $0.status.sizes?.capacity.bytes }
    gauge("pool_allocation_bytes", "Space in use.") { $0.status.sizes?.allocation.bytes }
    gauge("pool_available_bytes", "Space that can still be written.") {
      $0.status.sizes?.available.bytes
    }
    gauge("pool_provisioned_bytes", "What all volumes together offer.") {
      $0.volumes?.provisioned.bytes
    }
    gauge("pool_volumes", "Volumes, by their state.", by: "state") { $0.stateCounts }
    gauge("pool_revisions", "Former states of volumes that are kept.") {
      $0.volumes.map { Int64($0.revisions) }
    }
    gauge(
      "pool_revisions_allocation_bytes",
      "Space that they take, what is shared counted for each."
    ) { $0.volumes?.revisionsAllocation.bytes }
    gauge("pool_thin_data_bytes", "Size of the thin pool's data.") { $0.thin?.data.bytes }
    gauge("pool_thin_data_used_bytes", "How much of it is used.") { $0.thin?.usedData.bytes }
    gauge("pool_thin_metadata_bytes", "Size of the thin pool's metadata.") {
      $0.thin?.metadata.bytes
    }
    gauge("pool_thin_metadata_used_bytes", "How much of it is used.") {
      $0.thin?.usedMetadata.bytes
    }
    gauge("pool_leftovers", "What interrupted commands left, by kind.", by: "kind") { pool in
      guard let leftovers = pool.leftovers else { return [] }
      return Finding.Kind.allCases.map { ($0.rawValue, leftovers[$0] ?? 0) }
    }
    return text.text
  }
}

extension Tool {
  /// The metrics of the pool that is given, else of all, and how many definitions cannot be read.
  ///
  /// Tells problems as warnings.
  func metrics() throws(StorageError) -> (pools: [PoolMetrics], unreadable: Int) {
    if let text = arguments.value("pool") {
      let metrics = storage.metrics(of: try storage.store.pool(matching: text))
      metrics.problems.forEach { warn("pool '\(metrics.name)': \($0)") }
      return ([metrics], 0)
    }
    let (records, warnings) = try storage.store.all()
    warnings.forEach(warn)
    let metrics = records.map(storage.metrics)
    for pool in metrics { pool.problems.forEach { warn("pool '\(pool.name)': \($0)") } }
    return (metrics, warnings.count)
  }
}

extension PoolMetrics {
  /// Every state of volumes with their number, those that cannot be read last; nothing where that is not known.
  var stateCounts: [(String, Int)] {
    guard let volumes else { return [] }
    let states: [LifecycleState] = [.clean, .running, .dirty, .absent]
    return states.map { ($0.rawValue, volumes.states[$0] ?? 0) } + [("broken", volumes.broken)]
  }

  var json: JSON {
    let counts = stateCounts.map { ($0, JSON.integer(Int64($1))) }
    let thinMember =
      thin.map {
        JSON.object([
          ("data", .size($0.data)), ("data_used", .size($0.usedData)),
          ("metadata", .size($0.metadata)), ("metadata_used", .size($0.usedMetadata)),
        ])
      } ?? .null
    let leftoverCounts = leftovers.map { leftovers in
      JSON.object(Finding.Kind.allCases.map { ($0.rawValue, .integer(Int64(leftovers[$0] ?? 0))) })
    }
    return .object(
      status.json + [
        ("volumes", volumes == nil ? .null : .object(counts)),
        ("provisioned", .size(volumes?.provisioned)),
        ("revisions", volumes.map { .integer(Int64($0.revisions)) } ?? .null),
        ("revisions_allocation", .size(volumes?.revisionsAllocation)),
        ("thin", thinMember), ("leftovers", leftoverCounts ?? .null),
        ("problems", .array(problems.map(JSON.string))),
      ])
  }
}
