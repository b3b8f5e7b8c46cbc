import StorageModel
import StorageXML

/// The readers of XML documents: what they accept they also print, and read again the same.
enum XMLTargets {
  static let all = [
    Target(name: "pool-xml", run: { pool($0) }), Target(name: "volume-xml", run: { volume($0) }),
    Target(name: "secret-xml", run: { secret($0) }),
    Target(name: "sources-xml", run: { sources($0) }),
  ]

  private static func pool(_ bytes: [UInt8]) {
    _ = try? PoolXML.read(bytes, file: "in", validate: true)
    guard let first = try? PoolXML.read(bytes, file: "in", validate: false) else { return }
    let text = PoolXML.write(first)
    guard let second = try? PoolXML.read(Array(text.utf8), file: "out", validate: false) else {
      fatalError("what was printed cannot be read: \(text)")
    }
    require(PoolXML.write(second) == text, "printed otherwise the second time: \(text)")
  }

  private static func volume(_ bytes: [UInt8]) {
    for type in [PoolType.dir, .disk, .logical] {
      for nested in [false, true] {
        func read(_ bytes: [UInt8], validate: Bool) -> VolumeDefinition? {
          try? VolumeXML.read(
            bytes, file: "in", poolType: type, nestedNames: nested, validate: validate,
            hasInput: true)
        }
        _ = read(bytes, validate: true)
        guard let first = read(bytes, validate: false) else { continue }
        let text = VolumeXML.write(first, poolType: type)
        guard let second = read(Array(text.utf8), validate: false) else {
          fatalError("what was printed cannot be read: \(text)")
        }
        require(
          VolumeXML.write(second, poolType: type) == text,
          "printed otherwise the second time: \(text)")
      }
    }
  }

  private static func secret(_ bytes: [UInt8]) {
    _ = try? SecretXML.read(bytes, file: "in", validate: true)
    guard let first = try? SecretXML.read(bytes, file: "in", validate: false).secret else { return }
    let text = SecretXML.write(first)
    guard let second = try? SecretXML.read(Array(text.utf8), file: "out", validate: false).secret
    else { fatalError("what was printed cannot be read: \(text)") }
    require(second == first, "read otherwise the second time: \(text)")
  }

  private static func sources(_ bytes: [UInt8]) {
    for type in [PoolType.netfs, .logical, .iscsi] {
      guard let source = try? SourcesXML.readQuery(bytes, file: "in", type: type) else { continue }
      _ = SourcesXML.write([source], type: type)
    }
  }
}
