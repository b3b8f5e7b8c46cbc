import StorageBackend
import StorageModel
import StorageOS

extension MemoryBackend: LifecycleBackend {
  private func keep(_ volume: Volume) -> Int { max(0, volume.properties.revisionsToKeep.number) }

  func makeWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("makeWorkingCopy", volume.name, steps) { entry throws(StorageError) in
      entry.working = try entry.committed.map { state throws(StorageError) in
        try MemoryStore.State(copying: state)
      }
    }
  }

  func makeEmptyWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("makeEmptyWorkingCopy", volume.name, steps) { entry throws(StorageError) in
      entry.working = try MemoryStore.State(volume.capacity)
    }
  }

  func copySource(_ source: Volume, to volume: Volume, _ steps: Steps) throws(StorageError) {
    let committed = try store.entry(source.name).committed
    try change("copySource", volume.name, steps) { entry throws(StorageError) in
      entry.working = try committed.map { state throws(StorageError) in
        try MemoryStore.State(copying: state)
      }
      entry.begunFrom = committed?.identifier
    }
  }

  func continueWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("continueWorkingCopy", volume.name, steps, undo: {}) {}
  }

  func commit(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("commit", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry in
        guard var working = entry.working else { return }
        working.identifier = .random()
        entry.commit(working, keep: keep(volume))
        (entry.working, entry.begunFrom) = (nil, nil)
      }
    }
  }

  func commitCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("commitCopy", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry throws(StorageError) in
        guard let working = entry.working else { return }
        entry.commit(try MemoryStore.State(copying: working), keep: keep(volume))
      }
    }
  }

  func dropWorkingCopy(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("dropWorkingCopy", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { ($0.working, $0.begunFrom) = (nil, nil) }
    }
  }

  func dropRevisions(of volume: Volume, _ steps: Steps) throws(StorageError) {
    guard try store.entry(volume.name).revisions.contains(where: { !$0.isPinned }) else { return }
    try step("dropRevisions", volume.name, steps, undo: {}) { () throws(StorageError) in
      try store.change(volume.name) { $0.prune(0) }
    }
  }

  func revert(_ volume: Volume, to revision: Revision, _ steps: Steps) throws(StorageError) {
    try step("revert", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { entry throws(StorageError) in
        guard let state = entry.state(at: revision) else { return }
        entry.commit(try MemoryStore.State(copying: state), keep: nil)
      }
    }
  }

  func makeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try change("makeCommitted", volume.name, steps) { entry throws(StorageError) in
      entry.committed = try MemoryStore.State(volume.capacity)
    }
  }

  func removeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try step("removeCommitted", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { $0.committed = nil }
    }
  }

  func hasData(_ volume: Volume) throws(StorageError) -> Bool {
    try store.reach("hasData")
    return try store.entry(volume.name).committed?.file.hasData() ?? false
  }

  func removeRevision(_ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try step("removeRevision", volume.name, steps) { () throws(StorageError) in
      try store.change(volume.name) { $0.revisions.removeAll { $0.revision == revision } }
    }
  }

  func setPinned(_ isPinned: Bool, _ revision: Revision, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    try change("setPinned", volume.name, steps) { entry in
      for index in entry.revisions.indices where entry.revisions[index].revision == revision {
        entry.revisions[index].isPinned = isPinned
      }
    }
  }

  func describe(_ volume: Volume, at revision: Revision?) throws(StorageError) -> Volume {
    try store.reach("describe")
    var volume = volume
    volume.definition.capacity = try store.entry(volume.name).state(at: revision)?.size()
    volume.definition.physical = volume.definition.capacity
    return volume
  }

  func stateID(of volume: Volume, at revision: Revision?) throws(StorageError) -> StateID? {
    try store.reach("stateID")
    return try store.entry(volume.name).state(at: revision)?.identifier
  }

  func revisions(of volume: Volume) throws(StorageError) -> [RevisionFacts] {
    try store.reach("revisions")
    return try store.entry(volume.name).revisions.map { former throws(StorageError) in
      RevisionFacts(
        revision: former.revision, capacity: try former.state.size(), allocation: 0,
        isPinned: former.isPinned)
    }
  }

  func dependents(of source: VolumeName) throws(StorageError) -> Dependents {
    try store.reach("dependents")
    return Dependents(store.entries.filter { $0.value.settings.source == source }.map(\.key))
  }
}
