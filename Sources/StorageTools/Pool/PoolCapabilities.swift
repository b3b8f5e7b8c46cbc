import StorageBackends
import StorageCore
import StorageModel
import StorageXML

extension Command {
  static let poolCapabilities = Command(
    "pool-capabilities", "Print which types of pool can be used here, and what they can do.",
    .reads, [], example: "pool-capabilities"
  ) { tool throws(StorageError) in
    let pools = PoolType.allCases.map { type in
      let backend = BackendRegistry.all.first { $0.type == type }
      return (type, backend, backend?.capabilities ?? PoolCapabilities(of: type))
    }
    try tool.report(
      // Followed by two empty lines, as virsh does here.
      CapabilitiesXML.write(pools.map { ($0, $1 != nil, $2) }) + "\n",
      json: (
        "pool-capabilities",
        [("pools", .array(pools.map { describe($0, $1, $2) }))]
      ))
  }

  private static func describe(
    _ type: PoolType, _ backend: (any PoolBackend.Type)?, _ capabilities: PoolCapabilities
  ) -> JSON {
    // Drivers of one type add to what its pools can do.
    let backends = BackendRegistry.all.filter { $0.type == type }
    let abilities = PoolAbility.allCases.filter { ability in
      backends.contains { $0.abilities.contains(ability) }
    }
    let isMaking = backend is any VolumeBackend.Type
    return .object([
      ("type", .string(type.rawValue)), ("supported", .boolean(backend != nil)),
      ("abilities", .array(abilities.map { .string($0.rawValue) })),
      ("source_formats", describe(capabilities.sourceFormats)),
      ("volume_formats", describe(capabilities.volumeFormats)),
      (
        "creatable_formats",
        .array((isMaking ? capabilities.creatableFormats : []).map { .string($0.rawValue) })
      ),
    ])
  }

  private static func describe(_ choice: PoolCapabilities.Choice?) -> JSON {
    guard let choice else { return .null }
    return .object([
      ("default", .string(choice.standard)), ("words", .array(choice.words.map(JSON.string))),
    ])
  }
}
