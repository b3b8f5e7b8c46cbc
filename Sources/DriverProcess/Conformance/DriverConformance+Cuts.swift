import StorageBackend
import StorageModel
import StorageOS

/// The cases in which the driver is killed before each of its changes.
extension DriverConformance {
  static var cuts: [Case] {
    [
      cut("creating", [.createVolumes], texts: [nil, ""]) { suite, backend throws(StorageError) in
        let one = try suite.name("one")
        if let volume = try backend.volume(one) { try backend.delete(volume, Steps()) }
      } change: { suite, backend throws(StorageError) in
        try suite.make("one", backend)
      },
      cut("importing", [.createVolumes, .transferVolumes], texts: ["first", "second"]) {
        suite, backend throws(StorageError) in
        try suite.make("one", backend, suite.kept(2), text: "first")
      } change: { suite, backend throws(StorageError) in
        try suite.put("second", into: try suite.volume("one", backend), backend)
      },
      cut("committing", [.revisions], texts: ["first", "second"]) {
        suite, backend throws(StorageError) in
        let volume = try suite.make("one", backend, suite.kept(1), text: "first")
        try backend.makeWorkingCopy(of: volume, Steps())
        try suite.write("second", to: volume, backend)
      } change: { suite, backend throws(StorageError) in
        let volume = try suite.volume("one", backend)
        if volume.hasWorkingCopy { try backend.commit(volume, Steps()) }
      },
      cut("reverting", [.revisions], texts: ["first", "second"]) {
        suite, backend throws(StorageError) in
        let volume = try suite.make("one", backend, suite.kept(3), text: "first")
        try suite.put("second", into: volume, backend)
      } change: { suite, backend throws(StorageError) in
        let volume = try suite.volume("one", backend)
        let revisions = try backend.revisions(of: volume)
        for facts in revisions.reversed()
        where try suite.text(of: volume, backend, revision: facts.revision) == "first" {
          return try backend.revert(volume, to: facts.revision, Steps())
        }
        throw suite.unexpected("no revision holds what was there")
      },
      cut("renaming", [.renameVolumes], texts: ["first", nil]) {
        suite, backend throws(StorageError) in
        if let volume = try backend.volume(try suite.name("two")) {
          try backend.delete(volume, Steps())
        }
        try suite.make("one", backend, text: "first")
      } change: { suite, backend throws(StorageError) in
        guard let volume = try backend.volume(try suite.name("one")) else { return }
        try backend.rename(volume, to: try suite.name("two"), Steps())
      },
      cut("deleting", [.createVolumes], texts: ["first", nil]) {
        suite, backend throws(StorageError) in
        try suite.make("one", backend, suite.kept(2), text: "first")
      } change: { suite, backend throws(StorageError) in
        guard let volume = try backend.volume(try suite.name("one")) else { return }
        try backend.delete(volume, Steps())
      },
    ]
  }

  private typealias Work = (DriverConformance, DriverBackend) throws(StorageError) -> Void

  /// A case that kills the driver before each change of one kind of work: what is left is told and repaired, the volume
  /// holds the old or the new, and the same work is done afterwards.
  /// - Parameter texts: what the volume can hold then; nil where there is none.
  private static func cut(
    _ what: String, _ needs: [PoolAbility], texts: [String?], before: @escaping Work,
    change: @escaping Work
  ) -> Case {
    Case("killed while \(what), it leaves the old or the new", needs + [.check]) {
      suite throws(StorageError) in
      for step in 1...200 {
        let first = try suite.started()
        try before(suite, first)
        let killed = try suite.backend(fault: step)
        let error = suite.failure { () throws(StorageError) in
          try change(suite, killed)
        }
        guard killed.session.hasFailed else {
          if let error { throw error }
          if step == 1 {
            throw suite.skip("the driver knows no CISTERN_DRIVER_FAULT")
          }
          return
        }
        let after = try suite.backend()
        try suite.repair(after, "at change \(step)")
        let found = try after.volume(try suite.name("one"))
        if found?.definition.capacity == nil, found != nil {
          throw suite.unexpected("at change \(step): a volume without a size")
        }
        let text = try found.map { volume throws(StorageError) in
          try after.can(.transferVolumes) ? suite.text(of: volume, after) : ""
        }
        try suite.expect(
          texts.contains(text), "at change \(step): it holds '\(text ?? "nothing at all")'")
        try after.sweep(try suite.name("one"), Steps())
        try change(suite, after)
        try suite.repair(after, "after change \(step) was done again")
      }
      throw suite.unexpected("more than 200 changes for one piece of work")
    }
  }

  /// Repairs what is left, which must be possible.
  private func repair(_ backend: DriverBackend, _ when: String) throws(StorageError) {
    for _ in 0..<10 {
      let left = try leftovers(backend)
      if left.isEmpty { return }
      for finding in left {
        try expect(
          finding.kind.isRepairable, "\(when): '\(finding.kind.rawValue)' is not repaired")
        try backend.repair(finding, Steps())
      }
    }
    throw unexpected("\(when): what was repaired is still there")
  }
}
