import StorageBackend
import StorageModel
import StorageOS

/// The cases about volumes and their lives.
extension DriverConformance {
  static var lives: [Case] {
    [
      Case("a pool is started, told in numbers and stopped") { suite throws(StorageError) in
        let backend = try suite.started()
        let sizes = try backend.sizes()
        try suite.expect(sizes.allocation <= sizes.capacity, "more is taken than there is")
        _ = try backend.volumes()
        try backend.stop(Steps())
      },
      Case("a volume is made, listed and deleted", [.createVolumes]) { suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend)
        try suite.expect(made.capacity == size, "it has \(made.capacity.bytes) bytes")
        let listed = try backend.volumes().volumes.map(\.name)
        try suite.expect(listed.contains(made.name), "it is not listed")
        try backend.delete(made, Steps())
        try suite.expect(try backend.volume(made.name) == nil, "it is still there")
      },
      Case("what has a name is not made again", [.createVolumes]) { suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend)
        let error = suite.failure { () throws(StorageError) in
          try backend.create(CreationPlan(try backend.complete(made.definition)), Steps())
        }
        try suite.expect(error?.code == .exists, "expected the error 'exists'")
        try backend.delete(made, Steps())
      },
      Case("names are those of the volumes", [.listNames, .createVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        try suite.make("one", backend)
        let names = try backend.volumeNames().sorted()
        try suite.expect(
          names == (try backend.volumes().volumes.map(\.name).sorted()), "they differ")
      },
      Case("content is read as it was written", [.createVolumes, .transferVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend)
        try suite.expect(try suite.text(of: made, backend) == "", "a new volume is not empty")
        try suite.put("first", into: made, backend)
        try suite.expect(try suite.text(of: made, backend) == "first", "something else is read")
      },
      Case("content that is not wanted changes nothing", [.createVolumes, .transferVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        guard backend.replacesAtomically else { throw suite.skip("the driver replaces in place") }
        let made = try suite.make("one", backend, text: "first")
        _ = suite.failure { () throws(StorageError) in
          try backend.replaceCommitted(of: made, size: size, Steps()) { file throws(StorageError) in
            try file.write(Array("second".utf8))
            throw suite.unexpected("changed my mind")
          }
        }
        try suite.expect(try suite.text(of: made, backend) == "first", "it is not as it was")
      },
      Case("a volume is made with content", [.cloneVolumes, .transferVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        let source = try suite.make("one", backend, text: "first")
        if let old = try backend.volume(try suite.name("two")) { try backend.delete(old, Steps()) }
        var copy = source.definition
        copy.name = try suite.name("two")
        let content = NewContent(
          .copy(try backend.openCommitted(source, revision: nil)), size: size, capacity: size)
        try backend.create(
          CreationPlan(try backend.complete(copy)), with: content, Steps())
        let made = try suite.volume("two", backend)
        try suite.expect(try suite.text(of: made, backend) == "first", "something else is read")
        try backend.delete(made, Steps())
      },
      Case("a volume gets another name", [.renameVolumes]) { suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend, text: "first")
        if let old = try backend.volume(try suite.name("two")) { try backend.delete(old, Steps()) }
        try backend.rename(made, to: try suite.name("two"), Steps())
        try suite.expect(try backend.volume(made.name) == nil, "the old name is still there")
        let renamed = try suite.volume("two", backend)
        try suite.expect(try suite.text(of: renamed, backend) == "first", "something else is read")
        try backend.delete(renamed, Steps())
      },
      Case("a volume grows, and what it held stays", [.createVolumes, .transferVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend, text: "first")
        try backend.resize(made, to: size + size, allocate: false, working: false, Steps())
        let grown = try suite.volume("one", backend)
        try suite.expect(grown.capacity == size + size, "it has \(grown.capacity.bytes) bytes")
        try suite.expect(try suite.text(of: grown, backend) == "first", "something else is read")
      },
      Case("a wiped volume reads as zeroes", [.wipeVolumes, .createVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        let made = try suite.make("one", backend, text: "first")
        try backend.wipe(made, .zero, Steps())
        try suite.expect(try suite.text(of: made, backend) == "", "something is left")
      },
      Case("a session is committed, or dropped", [.revisions]) { suite throws(StorageError) in
        let backend = try suite.started()
        var volume = try suite.make("one", backend, suite.kept(2), text: "first")
        try backend.makeWorkingCopy(of: volume, Steps())
        try suite.write("second", to: volume, backend)
        volume = try suite.volume("one", backend)
        try suite.expect(volume.hasWorkingCopy && volume.hasCommitted, "no session is told")
        try suite.expect(
          try suite.text(of: volume, backend) == "first", "the committed state changed")
        try backend.commit(volume, Steps())
        volume = try suite.volume("one", backend)
        try suite.expect(!volume.hasWorkingCopy, "the session goes on")
        try suite.expect(try suite.text(of: volume, backend) == "second", "it is not committed")
        try backend.makeWorkingCopy(of: volume, Steps())
        try suite.write("third", to: volume, backend)
        try backend.dropWorkingCopy(of: try suite.volume("one", backend), Steps())
        volume = try suite.volume("one", backend)
        try suite.expect(!volume.hasWorkingCopy, "the session goes on")
        try suite.expect(try suite.text(of: volume, backend) == "second", "it was committed")
      },
      Case("revisions are kept, reverted to, pinned and removed", [.revisions]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        let volume = try suite.make("one", backend, suite.kept(2), text: "a")
        for text in ["b", "c", "d"] { try suite.put(text, into: volume, backend) }
        var kept = try backend.revisions(of: volume)
        try suite.expect(kept.count == 2, "\(kept.count) revisions are kept, not 2")
        let texts = try kept.map { facts throws(StorageError) in
          try suite.text(of: volume, backend, revision: facts.revision)
        }
        try suite.expect(texts == ["b", "c"], "they hold \(texts)")
        let oldest = kept[0].revision
        try backend.setPinned(true, oldest, of: volume, Steps())
        try backend.revert(volume, to: oldest, Steps())
        try suite.expect(try suite.text(of: volume, backend) == "b", "it was not reverted")
        kept = try backend.revisions(of: volume)
        let numbers = kept.map(\.revision.number)
        try suite.expect(numbers.contains(oldest.number), "the revision is gone")
        try suite.expect(kept.first { $0.revision == oldest }?.isPinned == true, "it is not pinned")
        guard let newest = kept.last?.revision else { throw suite.unexpected("no revision") }
        try backend.removeRevision(newest, of: volume, Steps())
        for text in ["e", "f", "g"] { try suite.put(text, into: volume, backend) }
        kept = try backend.revisions(of: volume)
        try suite.expect(kept.contains { $0.revision == oldest }, "a pinned revision is gone")
        let again = kept.contains { $0.revision.number == newest.number }
        try suite.expect(!again, "number \(newest.number) was given for a second time")
      },
      Case("a state keeps its identifier, and no other one has it", [.revisions]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        func identifier(_ volume: Volume, _ revision: Revision? = nil) throws(StorageError)
          -> StateID
        {
          guard let found = try backend.stateID(of: volume, at: revision) else {
            throw suite.skip("the driver tells no state_id")
          }
          return found
        }
        let volume = try suite.make("one", backend, suite.kept(3), text: "first")
        let first = try identifier(volume)
        try suite.expect(
          try suite.backend().stateID(of: volume, at: nil) == first, "another process tells another"
        )
        try suite.expect(
          try identifier(suite.make("two", backend, text: "first")) != first,
          "another volume's state has the same")
        try backend.makeWorkingCopy(of: volume, Steps())
        try suite.write("gone", to: volume, backend)
        try suite.expect(try identifier(volume) == first, "it moved with a session")
        try backend.dropWorkingCopy(of: try suite.volume("one", backend), Steps())
        try suite.expect(try identifier(volume) == first, "it moved when a session was dropped")
        try suite.put("second", into: volume, backend)
        let second = try identifier(volume)
        try suite.expect(second != first, "other content has the same")
        guard let kept = try backend.revisions(of: volume).last?.revision else {
          throw suite.unexpected("the state before is no revision")
        }
        try suite.expect(
          try identifier(volume, kept) == first, "it moved when the state became a revision")
        try backend.revert(volume, to: kept, Steps())
        let third = try identifier(volume)
        try suite.expect(third != second, "what was reverted has the same")
        guard let last = try backend.revisions(of: volume).last?.revision else {
          throw suite.unexpected("the state before is no revision")
        }
        try suite.expect(
          try identifier(volume, last) == second, "it moved when the state became a revision")
        if backend.can(.renameVolumes) {
          if let old = try backend.volume(try suite.name("two")) {
            try backend.delete(old, Steps())
          }
          try backend.rename(volume, to: try suite.name("two"), Steps())
          let renamed = try suite.volume("two", backend)
          try suite.expect(try identifier(renamed) == third, "it moved with the volume's name")
          try backend.delete(renamed, Steps())
        }
      },
      Case("a volatile volume is empty at each start", [.revisions]) { suite throws(StorageError) in
        let backend = try suite.started()
        var settings = LifecycleSettings()
        settings.saveOnStop = false
        let volume = try suite.make("one", backend, settings)
        try suite.expect(volume.definition.lifecycle == settings, "its properties are others")
        for _ in 0..<2 {
          try backend.makeEmptyWorkingCopy(of: volume, Steps())
          let device = try Descriptor(reading: backend.devicePath(of: volume))
          let isEmpty = try device.read(at: 0, count: 4096).allSatisfy { $0 == 0 }
          try suite.expect(isEmpty, "it is not empty")
          try suite.write("gone", to: volume, backend)
          try backend.dropWorkingCopy(of: try suite.volume("one", backend), Steps())
        }
        try backend.delete(volume, Steps())
      },
      Case("a snapshot starts from its source", [.revisions]) { suite throws(StorageError) in
        let backend = try suite.started()
        let source = try suite.make("one", backend, text: "first")
        var settings = LifecycleSettings()
        (settings.snapOnStart, settings.saveOnStop, settings.source) = (true, false, source.name)
        let snapshot = try suite.make("two", backend, settings)
        try suite.expect(
          try backend.dependents(of: source.name).names == [snapshot.name], "it is none")
        try backend.copySource(source, to: snapshot, Steps())
        let device = try Descriptor(reading: backend.devicePath(of: snapshot))
        let text = String(
          decoding: try device.read(at: 0, count: 4096).prefix { $0 != 0 }, as: UTF8.self)
        try suite.expect(text == "first", "something else is read")
        try suite.put("second", into: source, backend)
        try suite.expect(try suite.volume("two", backend).isOutdated, "it is not told as outdated")
        try backend.dropWorkingCopy(of: try suite.volume("two", backend), Steps())
        try backend.delete(snapshot, Steps())
      },
      Case("nothing is left over", [.check, .createVolumes]) { suite throws(StorageError) in
        let backend = try suite.started()
        try backend.delete(try suite.make("one", backend), Steps())
        let left = try suite.leftovers(backend).map { "\($0.kind.rawValue) '\($0.path)'" }
        try suite.expect(left.isEmpty, "there is \(left.joined(separator: ", "))")
      },
    ]
  }

  /// The properties of a volume that keeps so many revisions.
  func kept(_ count: Int) -> LifecycleSettings {
    var settings = LifecycleSettings()
    settings.revisionsToKeep = .count(count)
    return settings
  }
}
