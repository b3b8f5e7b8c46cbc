import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// Making, resizing and deleting volumes.
extension DriverBackend: CloningBackend, RenamingBackend, WipingBackend {
  package var traits: VolumeTraits {
    var traits = VolumeTraits([.raw])
    traits.areDevices = facts.kind == .block
    traits.allowsEmpty = facts.kind == .file
    return traits
  }

  package func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    volume.kind = facts.kind
    volume.target.format = volume.target.format ?? .raw
    volume.target.path = path(of: volume.name)
    volume.key = volume.target.path?.text
    return volume
  }

  package func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule {
    facts.sizeRule
  }

  package func sectorSize() throws(StorageError) -> ByteCount { facts.sectorSize }

  package func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    try steps.run(
      "have driver '\(session.driver)' create volume '\(plan.name)' of \(plan.capacity.bytes) bytes",
      undo: { () throws(StorageError) in try removeNew(plan) }
    ) { () throws(StorageError) in
      try session.tell("create", plan.told, progress: steps.progress)
    }
  }

  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    let path = path(of: plan.name)
    let size = content.size > plan.capacity ? content.size : plan.capacity
    try steps.run(
      "have driver '\(session.driver)' create volume '\(plan.name)'; "
        + content.told(path, isZero: false),
      undo: { () throws(StorageError) in try removeNew(plan) }
    ) { () throws(StorageError) in
      try writeContent("create", plan.told, of: plan.name, size: size, steps) {
        target throws(StorageError) in
        let isFile = try target.status().kind == .regular
        if content.needsImage, isFile { try target.setSize(size) }
        try content.write(to: target, named: path, isZero: false, steps)
        if isFile, try target.status().size < plan.capacity { try target.setSize(plan.capacity) }
      }
    }
  }

  private func removeNew(_ plan: CreationPlan) throws(StorageError) {
    try session.tell("delete", [("volume", .string(plan.name.text))])
  }

  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("delete", volume, [], steps)
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    var path = path(of: volume.name)
    if working { path = facts.workingPath.path(of: volume.name) }
    var loops: [Descriptor] = []
    if facts.kind == .file, let status = try FileStatus.ifPresent(path) {
      loops = try LoopDevices.open(on: status.identity, sys: host.sys)
    }
    try change(
      "resize", volume,
      [
        ("capacity", .bytes(capacity)), ("allocate", .boolean(allocate)),
        ("working", .boolean(working)),
      ], steps)
    guard !steps.isDryRun else { return }
    try Steps.finish { () throws(StorageError) in
      for loop in loops { try loop.refreshLoopSize() }
    }
  }

  package func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    let old = volume.name
    try steps.run(
      "have driver '\(session.driver)' rename volume '\(old)' to '\(name)'",
      undo: { () throws(StorageError) in
        try session.tell("rename", [("volume", .string(name.text)), ("to", .string(old.text))])
      }
    ) { () throws(StorageError) in
      try session.tell("rename", [("volume", .string(old.text)), ("to", .string(name.text))])
    }
  }

  package func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps)
    throws(StorageError)
  {
    try change("wipe", volume, [("algorithm", .string(algorithm.rawValue))], steps)
  }
}

extension CreationPlan {
  fileprivate var told: [(String, JSON)] {
    var members: [(String, JSON)] = [
      ("volume", .string(name.text)), ("capacity", .bytes(capacity)),
      ("allocation", .bytes(allocation)), ("save_state", .boolean(savesState)),
      ("properties", volume.lifecycle.told),
    ]
    if let permissions = volume.target.permissions.told {
      members.append(("permissions", permissions))
    }
    if let sectorSize { members.append(("sector_size", .bytes(sectorSize))) }
    return members
  }
}
