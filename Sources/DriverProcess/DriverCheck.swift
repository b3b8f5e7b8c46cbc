import StorageBackend
import StorageModel

/// What crashes leave, as the driver finds it.
extension DriverBackend: CheckingBackend {
  package func findings(of volumes: [Volume], isStarted: (VolumeName) -> Bool)
    throws(StorageError) -> [Finding]
  {
    var findings: [Finding] = []
    let started = volumes.map(\.name).filter(isStarted).sorted()
    try session.ask(
      "findings", [("started", .array(started.map { .string($0.text) }))],
      item: { item throws(DriverFault) in
        let finding = try Finding(item)
        guard finding.kind == .uncommitted, let volume = finding.volume else {
          return findings.append(finding)
        }
        findings.append(.uncommitted(finding.path, of: volume, in: pool.name))
      }, read: { _ in })
    return findings
  }

  package func repair(_ finding: Finding, _ steps: Steps) throws(StorageError) {
    try steps.run("\(finding.kind.repairVerb) \(finding.kind.rawValue) '\(finding.path)'") {
      () throws(StorageError) in
      try session.tell("repair", [("finding", finding.told)], progress: steps.progress)
    }
  }

  package func strangers() throws(StorageError) -> [String] {
    try session.ask("strangers") { answer throws(DriverFault) in try answer.texts("strangers") }
  }

  package func isInUse(_ finding: Finding) throws(StorageError) -> Bool {
    try session.ask("in-use", [("finding", finding.told)]) { answer throws(DriverFault) in
      try answer.needed("in_use", answer.flag("in_use"))
    }
  }
}

extension Finding.Kind {
  fileprivate var repairVerb: String {
    repair.split(separator: " ").first.map(String.init) ?? "repair"
  }
}

extension Finding {
  fileprivate var told: JSON {
    .members([
      ("kind", .string(kind.rawValue)), ("path", .string(path.text)),
      ("volume", volume.map { .string($0.text) }),
    ])
  }

  init(_ members: Members) throws(DriverFault) {
    let word = try members.needed("kind", members.text("kind"))
    guard let kind = Kind(rawValue: word) else {
      throw DriverFault("a finding of the unknown kind '\(word)'")
    }
    self.init(
      kind, try members.needed("path", members.path("path")),
      volume: try members.volumeName("volume"),
      advice: try members.text("advice"))
  }
}
