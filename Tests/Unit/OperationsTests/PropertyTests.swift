import Operations
import StorageModel
import Testing

@Suite("Setting life-cycle properties from text")
struct PropertyTests {
  /// The settings after `property=value` words.
  func set(_ words: String...) throws -> LifecycleSettings {
    var settings = LifecycleSettings()
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      try settings.set(String(parts[0]), to: String(parts[1]))
    }
    return settings
  }

  @Test(
    "yes and no have four spellings each, in any case",
    arguments: [
      ("yes", true), ("true", true), ("on", true), ("1", true), ("YES", true), ("True", true),
      ("no", false), ("false", false), ("off", false), ("0", false), ("OFF", false),
    ])
  func booleans(text: String, value: Bool) throws {
    #expect(try LifecycleSettings.boolean(text, "x") == value)
    #expect(try set("rw=\(text)").isWritable == value)
    #expect(try set("save_on_stop=\(text)").saveOnStop == value)
    #expect(try set("snap_on_start=\(text)").snapOnStart == value)
    #expect(try set("ephemeral=\(text)").ephemeral == value)
  }

  @Test(
    "anything else is refused with the value and what would be accepted",
    arguments: ["", "y", "2", "yes ", "ja"])
  func notBoolean(text: String) throws {
    var settings = LifecycleSettings()
    for property in ["rw", "save_on_stop", "snap_on_start", "ephemeral"] {
      let error = try #require(
        failure { () throws(StorageError) in try settings.set(property, to: text) })
      #expect(error.code == .badInput)
      #expect(error.subject == property)
      #expect(error.problem.contains("'\(text)'"))
    }
    #expect(settings.isEmpty)
  }

  @Test("revisions_to_keep takes -1, 0 and more")
  func revisions() throws {
    #expect(try set("revisions_to_keep=-1").revisionsToKeep == .disabled)
    #expect(try set("revisions_to_keep=3").revisionsToKeep == .count(3))
    #expect(throws: StorageError.self) { try set("revisions_to_keep=-2") }
    #expect(throws: StorageError.self) { try set("revisions_to_keep=many") }
  }

  @Test("a source turns snap_on_start on, and goes with it")
  func source() throws {
    let base = try VolumeName("base")
    #expect(try set("source=base").source == base)
    #expect(try set("source=base").snapOnStart == true)
    #expect(try set("source=base", "snap_on_start=no").source == nil)
    for none in ["source=", "source=none"] {
      #expect(try set("source=base", none).source == nil)
      #expect(try set("source=base", none).snapOnStart == false)
    }
    #expect(try set("source=appvms/work/root").source?.components.count == 3)
    for bad in ["-x", "../up", "a//b", "/abs", ".hidden"] {
      #expect(throws: StorageError.self) { try set("source=\(bad)") }
    }
  }

  @Test("an unknown property is refused with the list of known ones")
  func unknown() throws {
    var settings = LifecycleSettings()
    let error = try #require(
      failure { () throws(StorageError) in try settings.set("size", to: "1") })
    #expect(error.code == .badInput)
    for name in LifecycleSettings.propertyNames { #expect(error.text.contains(name)) }
  }

  @Test("every property that is named can be set")
  func names() throws {
    let values = [
      "rw": "no", "snap_on_start": "yes", "save_on_stop": "no", "revisions_to_keep": "2",
      "source": "base", "ephemeral": "no",
    ]
    // The format is none of the life cycle's: it is a fact of the content, which is looked at.
    let names = LifecycleSettings.propertyNames.filter { $0 != "format" }
    #expect(values.keys.sorted() == names.sorted())
    for (name, value) in values { #expect(try !set("\(name)=\(value)").isEmpty) }
  }
}
