import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import TestSupport
import Testing

@Suite("Steps and their undo")
struct StepsTests {
  /// What happened, in order.
  final class Record {
    var lines: [String] = []
  }

  let record = Record()
  let broken = StorageError(.inputOutput, "disk", "broke")

  /// A step that notes what it does, and fails where told to.
  func step(
    _ steps: Steps, _ name: String, fails: Bool = false, undoFails: Bool = false,
    hasUndo: Bool = true
  ) throws(StorageError) {
    let undo: () throws(StorageError) -> Void = { () throws(StorageError) in
      record.lines.append("undo \(name)")
      if undoFails { throw StorageError(.busy, name, "cannot be undone") }
    }
    try steps.run("do \(name)", undo: hasUndo ? undo : nil) { () throws(StorageError) in
      record.lines.append("do \(name)")
      if fails { throw broken }
    }
  }

  @Test("steps are done in order, and a change that succeeds is not undone")
  func success() throws {
    let steps = Steps()
    let value = try steps.perform { () throws(StorageError) -> Int in
      for name in ["a", "b", "c"] { try step(steps, name) }
      return 7
    }
    #expect(value == 7)
    #expect(record.lines == ["do a", "do b", "do c"])
    #expect(steps.changesSomething)
    #expect(steps.told == [])
  }

  @Test("when a step fails those before it are undone in reverse order, it itself is not")
  func undoOrder() {
    let steps = Steps()
    let error = failure { () throws(StorageError) in
      try steps.perform { () throws(StorageError) in
        try step(steps, "a")
        try step(steps, "b", hasUndo: false)
        try step(steps, "c")
        try step(steps, "d", fails: true)
        try step(steps, "e")
      }
    }
    #expect(error == broken)
    #expect(record.lines == ["do a", "do b", "do c", "do d", "undo c", "undo a"])
  }

  @Test("a failure between steps undoes them as well")
  func failureBetween() {
    let steps = Steps()
    let error = failure { () throws(StorageError) in
      try steps.perform { () throws(StorageError) in
        try step(steps, "a")
        throw broken
      }
    }
    #expect(error == broken)
    #expect(record.lines == ["do a", "undo a"])
  }

  @Test("an undo that fails is added to the error and does not keep others from being tried")
  func failedUndo() throws {
    let steps = Steps()
    let error = try #require(
      failure { () throws(StorageError) in
        try steps.perform { () throws(StorageError) in
          try step(steps, "a")
          try step(steps, "b", undoFails: true)
          try step(steps, "c", undoFails: true)
          try step(steps, "d", fails: true)
        }
      })
    #expect(record.lines.suffix(3) == ["undo c", "undo b", "undo a"])
    #expect(error.code == .inputOutput)
    #expect(error.failedUndo == ["c: cannot be undone", "b: cannot be undone"])
    #expect(
      error.text
        == "disk: broke; also could not undo: c: cannot be undone; b: cannot be undone")
  }

  @Test(
    "nothing is undone behind the instant at which a change is made, and the error says that it is")
  func finish() throws {
    let steps = Steps()
    let error = try #require(
      failure { () throws(StorageError) in
        try steps.perform { () throws(StorageError) in
          try step(steps, "a")
          try steps.run("do b") { () throws(StorageError) in
            try Steps.finish { () throws(StorageError) in throw broken }
          }
        }
      })
    #expect(record.lines == ["do a"])
    #expect(error.made == .untidy)
    #expect(error.text == "disk: broke; it is done, but something is left over")
  }

  @Test("a step that is not known to be on disk is taken back where it can be")
  func uncertain() throws {
    var uncertain = broken
    uncertain.made = .uncertain
    let thrown = uncertain
    for hasUndo in [true, false] {
      record.lines = []
      let steps = Steps()
      let error = failure { () throws(StorageError) in
        try steps.perform { () throws(StorageError) in
          try step(steps, "a")
          let undo: () throws(StorageError) -> Void = { record.lines.append("undo b") }
          try steps.run("do b", undo: hasUndo ? undo : nil) { () throws(StorageError) in
            throw thrown
          }
        }
      }
      #expect(error == (hasUndo ? broken : thrown))
      #expect(record.lines == (hasUndo ? ["do a", "undo b", "undo a"] : ["do a"]))
    }
    #expect(
      failure { () throws(StorageError) in
        try Steps.prepare { () throws(StorageError) in throw thrown }
      } == broken)
    #expect(thrown.text == "disk: broke; it is done, but may not survive a loss of power")
  }

  @Test(
    "what a failed step has done so far is cleared, and so is a whole one when a later one fails")
  func clearing() {
    for isFirst in [true, false] {
      record.lines = []
      let steps = Steps()
      let error = failure { () throws(StorageError) in
        try steps.perform { () throws(StorageError) in
          try steps.run(
            "do a", clearing: { () throws(StorageError) in record.lines.append("clear a") }
          ) { () throws(StorageError) in if isFirst { throw broken } }
          try step(steps, "b", fails: true)
        }
      }
      #expect(error == broken)
      #expect(record.lines == (isFirst ? ["clear a"] : ["do b", "clear a"]))
    }
  }

  @Test("what was performed before stays when a later change of the same steps fails")
  func secondChange() throws {
    let steps = Steps()
    try steps.perform { () throws(StorageError) in try step(steps, "a") }
    _ = failure { () throws(StorageError) in
      try steps.perform { () throws(StorageError) in
        try step(steps, "b")
        throw broken
      }
    }
    #expect(record.lines == ["do a", "do b", "undo b"])
  }

  @Test("nothing is undone twice")
  func undoneOnce() {
    let steps = Steps()
    for _ in 0..<2 {
      _ = failure { () throws(StorageError) in
        try steps.perform { () throws(StorageError) in
          if record.lines.isEmpty { try step(steps, "a") }
          throw broken
        }
      }
    }
    #expect(record.lines == ["do a", "undo a"])
  }

  @Test("a dry run tells the steps in order and does none of them")
  func dryRun() throws {
    let steps = Steps(isDryRun: true)
    try steps.perform { () throws(StorageError) in
      for name in ["a", "b"] { try step(steps, name, fails: true) }
    }
    #expect(record.lines == [])
    #expect(steps.told == ["do a", "do b"])
    #expect(steps.changesSomething)
    _ = failure { () throws(StorageError) in
      try steps.perform { () throws(StorageError) in throw broken }
    }
    #expect(record.lines == [])
  }

  @Test("a change without a step changes nothing")
  func nothing() throws {
    let steps = Steps()
    try steps.perform { () throws(StorageError) in }
    #expect(!steps.changesSomething)
  }

  @Test("a description is only made for a dry run")
  func lazyDescription() throws {
    var made = 0
    func description() -> String {
      made += 1
      return "x"
    }
    try Steps().run(description()) { () throws(StorageError) in }
    #expect(made == 0)
    try Steps(isDryRun: true).run(description()) { () throws(StorageError) in }
    #expect(made == 1)
  }

  @Test("a dry run of a definition tells the file and leaves no trace, not even a lock")
  func dryDefinition() throws {
    let host = try PrivateHost()
    let before = try host.temporary.names()
    let change = try host.storage(isDryRun: true).define(
      host.pool("new"), uuidIsGiven: true, notation: .document, ifNotExists: false)
    #expect(change.isChanged)
    #expect(change.told == ["write definition '\(host.store.document(try PoolName("new")))'"])
    #expect(try host.temporary.names() == before)
  }

  @Test("a warning is no change")
  func warnings() {
    let steps = Steps()
    steps.warnOnce("name", "text")
    #expect(steps.warnings.map(\.text) == ["text"])
    #expect(!steps.changesSomething)
  }
}
