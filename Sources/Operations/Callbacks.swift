import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The commands that run at the events of a pool, as Qubes' driver `callback` runs them.
///
/// They run with the locks of the operation held, so that none can use its own pool: see `Locks`. One that fails before an
/// event keeps it from happening; one that fails after it makes the command fail, which says that the change is made.
struct Callbacks: Sendable {
  /// Qubes' words for events.
  ///
  /// Those that begin with `post` have happened.
  enum Event: String {
    case beforePoolStart = "pre_sinit"
    case beforePoolBuild = "pre_setup"
    case afterPoolDelete = "post_destroy"
    case beforeCreate = "pre_volume_create"
    case afterCreate = "post_volume_create"
    case afterDelete = "post_volume_remove"
    case beforeResize = "pre_volume_resize"
    case beforeStart = "pre_volume_start"
    case afterStart = "post_volume_start"
    case afterStop = "post_volume_stop"
    case beforeImport = "pre_volume_import"
    case afterImport = "post_volume_import"
    case beforeImportOfData = "pre_volume_import_data"
    case afterImportOfData = "post_volume_import_data_end"
    case beforeExport = "pre_volume_export"
    case afterExport = "post_volume_export_end"

    var hasHappened: Bool { rawValue.hasPrefix("post") }
  }

  /// The variable by which a command of ours knows the pools whose callbacks it runs in, with slashes between them.
  static let variable = "CISTERN_CALLBACK"

  private let pool: PoolName
  private let backend: any PoolBackend
  private let configuration: CallbackConfiguration

  init(_ pool: PoolName, _ backend: any PoolBackend, _ configuration: CallbackConfiguration) {
    self.pool = pool
    self.backend = backend
    self.configuration = configuration
  }

  /// The event's command as a step.
  /// - Parameters:
  ///   - volume: the volume that the event is about; nil for one of the pool.
  ///   - more: what is told besides.
  func run(
    _ event: Event, of volume: VolumeDefinition? = nil, telling more: [String] = [],
    _ steps: Steps
  ) throws(StorageError) {
    guard let command = configuration.command(at: event.rawValue) else { return }
    func run() throws(StorageError) {
      try steps.run("run callback '\(event.rawValue)' of '\(configuration.name)'", undo: {}) {
        () throws(StorageError) in
        let output = try self.run(line(command, event, volume, more), at: event)
        guard configuration.heedsSignals,
          output.lines.contains(where: { $0.trimmed == "SIGNAL_setup" })
        else { return }
        try backend.able(to: .build)?.build(overwrite: .unspecified, Steps())
      }
    }
    if event.hasHappened { try Steps.finish(run) } else { try run() }
  }

  private func line(
    _ command: CallbackConfiguration.Command, _ event: Event, _ volume: VolumeDefinition?,
    _ more: [String]
  ) -> String {
    guard command.takesArguments else { return command.text }
    var words = [
      pool.text, configuration.driver, event.rawValue, configuration.name, configuration.text,
    ]
    if let volume {
      let name = volume.name
      words += [name.components.last ?? name.text, name.text]
      words.append(volume.lifecycle.source?.text ?? "None")
    }
    return ([command.text] + (words + more).map(\.shellQuoted)).joined(separator: " ")
  }

  /// Runs a line of a shell to its end; returns its output.
  private func run(_ line: String, at event: Event) throws(StorageError) -> String {
    let problem = "callback '\(event.rawValue)' failed"
    let around = Process.environment(Callbacks.variable).map { "\($0)/" } ?? ""
    let result: ChildProcess.Result
    do throws(StorageError) {
      result = try ChildProcess.run(
        Path("/bin/bash"), ["-c", line], leadsGroup: true,
        environment: ["\(Callbacks.variable)=\(around)\(pool)"], timeout: configuration.timeLimit)
    } catch {
      if error.code == .interrupted { throw error }
      throw StorageError(.failure, "pool '\(pool)'", problem, reason: error.text)
    }
    guard result.status == 0 else {
      let words = String(decoding: result.errors, as: UTF8.self).lines.map { $0.trimmed }
      throw StorageError(
        .failure, "pool '\(pool)'", "\(problem) with status \(result.status)",
        reason: words.last { !$0.isEmpty })
    }
    return String(decoding: result.output, as: UTF8.self)
  }

  /// Refuses to lock what a command that runs us keeps locked until we end.
  static func refuseOwn(_ pool: PoolName) throws(StorageError) {
    let running = Process.environment(variable)?.split(separator: "/") ?? []
    guard running.contains(where: { $0[...] == pool.text[...] }) else { return }
    throw StorageError(
      .busy, "pool '\(pool)'", "cannot be used by its own callback, which it waits for")
  }
}

extension Storage {
  /// The commands at a pool's events; nil where its definition wants none.
  /// - Throws: what `CallbackConfiguration` throws.
  func callbacks(of pool: PoolDefinition, _ backend: any PoolBackend) throws(StorageError)
    -> Callbacks?
  {
    guard let name = pool.lifecycle.callback else { return nil }
    return Callbacks(pool.name, backend, try CallbackConfiguration(name, on: host))
  }

  func callbacks(of pool: ActivePool) throws(StorageError) -> Callbacks? {
    try callbacks(of: pool.definition, pool.backend)
  }

  /// Makes a volume, with the callbacks of its pool before and after.
  func creating(
    _ plan: CreationPlan, in pool: ActivePool, _ steps: Steps,
    _ create: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let callbacks = try callbacks(of: pool)
    try callbacks?.run(.beforeCreate, of: plan.volume, steps)
    try create()
    try callbacks?.run(.afterCreate, of: plan.volume, steps)
  }

  /// Puts what comes from outside into a volume, with the callbacks of its pool before and after, also where that fails.
  /// - Parameter size: how many bytes come; nil where that is not known.
  func importingData(
    into volume: Volume, size: ByteCount?, in pool: ActivePool, _ steps: Steps,
    _ body: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let callbacks = try callbacks(of: pool)
    let size = size ?? volume.capacity
    try callbacks?.run(
      .beforeImportOfData, of: volume.definition, telling: [String(size.bytes)], steps)
    do throws(StorageError) { try body() } catch {
      var failure = error
      do throws(StorageError) {
        try callbacks?.run(.afterImportOfData, of: volume.definition, telling: ["False"], steps)
      } catch {
        failure.reason = [failure.reason, error.text].compactMap { $0 }.joined(separator: "; ")
      }
      throw failure
    }
    try callbacks?.run(.afterImportOfData, of: volume.definition, telling: ["True"], steps)
  }
}
