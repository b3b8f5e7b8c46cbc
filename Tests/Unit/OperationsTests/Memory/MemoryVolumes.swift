import StorageBackend
import StorageModel
import StorageOS

/// Making volumes, and their content.
extension MemoryBackend: SharingBackend, RenamingBackend, WipingBackend {
  var traits: VolumeTraits {
    var traits = VolumeTraits([.raw])
    traits.allowsEmpty = true
    return traits
  }

  func complete(_ request: VolumeDefinition) throws(StorageError) -> VolumeDefinition {
    var volume = request
    volume.target.format = volume.target.format ?? .raw
    volume.target.path = path(of: volume.name)
    return volume
  }

  func sizeRule(of volume: VolumeDefinition) throws(StorageError) -> SizeRule { .any }

  func sectorSize() throws(StorageError) -> ByteCount { SectorSize.usual }

  func create(_ plan: CreationPlan, _ steps: Steps) throws(StorageError) {
    try create("create", plan, steps) { _ in }
  }

  func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps) throws(StorageError) {
    try create("create with content", plan, steps) { file throws(StorageError) in
      let size = try content.write(to: file, named: path(of: plan.name), isZero: true, steps)
      if try file.status().size < max(size, plan.capacity) {
        try file.setSize(max(size, plan.capacity))
      }
    }
  }

  func sharing(of source: VolumeContent, with volume: VolumeDefinition) throws(StorageError)
    -> Sharing
  { store.sharing }

  func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
  {
    try create("create sharing", plan, steps) { file throws(StorageError) in
      try Copy.contents(of: source.descriptor, to: file, progress: nil)
      try file.setSize(plan.capacity)
    }
  }

  private func create(
    _ call: String, _ plan: CreationPlan, _ steps: Steps,
    _ fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try step(
      call, plan.name, steps,
      undo: { () throws(StorageError) in store.entries[plan.name] = nil }
    ) { () throws(StorageError) in
      var entry = MemoryStore.Entry(settings: plan.volume.lifecycle, size: plan.capacity)
      if plan.savesState {
        let state = try MemoryStore.State(plan.capacity)
        try fill(state.file)
        entry.committed = state
      }
      store.entries[plan.name] = entry
    }
  }

  func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("delete volume", volume.name, steps) { store.entries[volume.name] = nil }
  }

  func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    try step("rename", volume.name, steps) {
      store.entries[name] = store.entries.removeValue(forKey: volume.name)
    }
  }

  func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    try step("resize", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry throws(StorageError) in
        entry.size = capacity
        try (working ? entry.working ?? entry.committed : entry.committed)?.file.setSize(capacity)
        if !working { entry.committed?.identifier = .random() }
      }
    }
  }

  func wipe(_ volume: Volume, _ algorithm: WipeAlgorithm, _ steps: Steps) throws(StorageError) {
    try step("wipe", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry throws(StorageError) in
        entry.revisions = []
        entry.committed = try MemoryStore.State(volume.capacity)
      }
    }
  }

  // MARK: Content

  var replacesAtomically: Bool { true }

  func devicePath(of volume: Volume) -> Path {
    let entry = store.entries[volume.name]
    let state = volume.properties.kind == .inPlace ? entry?.committed : entry?.working
    return state?.path ?? path(of: volume.name)
  }

  func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("exposeCommitted", volume.name, steps, undo: {}) {}
  }

  func concealCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("concealCommitted", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { $0.committed?.identifier = .random() }
    }
  }

  func replaceCommitted(
    of volume: Volume, size: ByteCount, _ steps: Steps,
    fill: (Descriptor) throws(StorageError) -> Void
  ) throws(StorageError) {
    try step("replaceCommitted", volume.name, steps) { () throws(StorageError) in
      let state = try MemoryStore.State(0)
      try fill(state.file)
      try store.reach("swap")
      try store.change(volume.name) {
        $0.commit(state, keep: max(0, volume.properties.revisionsToKeep.number))
      }
    }
  }

  func changeCommitted(
    of volume: Volume, in part: Range<Int64>, _ steps: Steps,
    _ change: (Descriptor) throws(StorageError) -> ByteCount
  ) throws(StorageError) {
    try step("changeCommitted", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry throws(StorageError) in
        guard let committed = entry.committed else { return }
        // Written beside it, so that a failure leaves the content whole.
        let state = try MemoryStore.State(copying: committed)
        _ = try change(state.file)
        entry.committed = state
      }
    }
  }

  func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError) -> Descriptor {
    try store.reach("openCommitted")
    guard let state = try store.entry(volume.name).state(at: revision) else {
      throw StorageError(.notFound, volume.subject, "has no committed state")
    }
    return try state.opened()
  }

  func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try change("setProperties", volume.name, steps) { $0.settings = settings }
  }

  func holders(of volume: Volume, committed: FileUsers) throws(StorageError) -> [String] {
    try store.reach("holders")
    return store.holders[volume.name] ?? []
  }

  func sweep(_ name: VolumeName, _ steps: Steps) throws(StorageError) { try store.reach("sweep") }
}
