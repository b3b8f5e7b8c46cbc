import StorageModel
import StorageOS

/// The files that these tests were built from.
package enum Repository {
  /// The folder of Package.swift.
  package static let root: Path = {
    // This file is Tests/Unit/TestSupport/Repository.swift.
    Path(#filePath).parent.parent.parent.parent
  }()

  package static func text(_ name: String) throws -> String {
    let file = try Descriptor(reading: root.appending(name))
    return String(decoding: try file.readAll(limit: 1 << 24), as: UTF8.self)
  }

  package static func lines(_ name: String) throws -> [String] {
    try text(name).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The names in a folder, hidden ones left out, sorted; empty where there is none.
  package static func names(in folder: String) -> [String] {
    let entries = (try? Folder(opening: root.appending(folder)).entries()) ?? []
    return entries.map(\.name).filter { !$0.hasPrefix(".") }.sorted()
  }

  package static func exists(_ name: String) -> Bool {
    (try? FileStatus(following: root.appending(name))) != nil
  }

  /// All files below a folder whose names end in `ending`, relative to the root, sorted.
  package static func files(below folder: String, ending: String) -> [String] {
    let entries = (try? Folder(opening: root.appending(folder)).entries()) ?? []
    return entries.flatMap { entry -> [String] in
      let name = "\(folder)/\(entry.name)"
      if entry.kind == .folder { return files(below: name, ending: ending) }
      return name.hasSuffix(ending) ? [name] : []
    }.sorted()
  }
}

extension Sequence where Element == String {
  /// The elements as lines, so that an unmet expectation shows them one below the other.
  package var asLines: String { joined(separator: "\n") }
}
