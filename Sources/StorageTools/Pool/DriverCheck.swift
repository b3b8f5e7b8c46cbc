import Definitions
import DriverProcess
import Operations
import StorageHost
import StorageModel
import StorageOS

extension Command {
  static let driverCheck = Command(
    "cistern-driver-check", "Run the conformance cases for a driver process.", .reads,
    [
      .required("program", "PROGRAM", "The driver's program.", .file),
      .optional("target", "PATH", "The target of a pool of type dir, which is empty.", .folder),
      .named("file", "FILE", "Document of an empty pool, in place of a target.", .file),
      .timeout,
    ],
    example: "cistern-driver-check --help", also: [.problemsFound]
  ) { tool throws(StorageError) in
    let current = try Process.currentFolder()
    func absolute(_ text: String) -> Path {
      let path = Path(text)
      return path.isAbsolute ? path : current.appending(text)
    }
    let pool: PoolDefinition
    switch (tool.arguments.value("file"), tool.arguments.value("target")) {
    case (let file?, nil):
      let bytes = try tool.contents(of: file, limit: 1 << 20)
      pool = try PoolReading.document(bytes, file: file, validate: false).0
    case (nil, let target?):
      let name = PoolName.default
      pool = PoolDefinition(
        type: .dir, name: name, uuid: .derived(from: "pool:\(name)"),
        target: PoolTarget(path: absolute(target)))
    default: throw Arguments.usage("either a target or --file must be given")
    }
    var counts = (passed: 0, failed: 0, skipped: 0)
    let program = absolute(tool.arguments.required("program"))
    try DriverConformance(program, pool: pool, host: tool.storage.host).run {
      name, outcome throws(StorageError) in
      let line: String
      switch outcome {
      case .passed:
        counts.passed += 1
        line = "passed: \(name)"
      case .skipped(let reason):
        counts.skipped += 1
        line = "skipped: \(name): \(reason)"
      case .failed(let problem):
        counts.failed += 1
        line = "failed: \(name): \(problem)"
      }
      try tool.write(line.escaped + "\n")
    }
    try tool.write(
      "\(counts.passed) passed, \(counts.failed) failed, \(counts.skipped) skipped\n")
    if counts.failed > 0 { Tool.finish("", "", .problemsFound) }
  }
}
