import BackendList
import Operations
import StorageBackend
import StorageModel
import StorageXML

extension Command {
  static let poolCapabilities = Command(
    "pool-capabilities", "Print which types of pool work here, and what they can do.",
    .reads, [], example: "pool-capabilities"
  ) { tool throws(StorageError) in
    let pools = PoolType.allCases.map { type in
      // Drivers of one type add to what its pools can do.
      let kinds = BackendRegistry.all.filter { $0.type == type }.map { $0.description }
      return (type, kinds, kinds.first?.formats ?? PoolCapabilities(of: type))
    }
    try tool.report(
      // Followed by two empty lines, as virsh does here.
      CapabilitiesXML.write(pools.map { ($0, !$1.isEmpty, $2) }) + "\n",
      json: (
        "pool-capabilities",
        [("pools", .array(pools.map { describe($0, $1, $2) }))]
      ))
  }

  private static func describe(
    _ type: PoolType, _ kinds: [BackendDescription], _ capabilities: PoolCapabilities
  ) -> JSON {
    let abilities = PoolAbility.told.filter { ability in
      kinds.contains { $0.abilities.contains(ability) }
    }
    let isMaking = kinds.first?.abilities.contains(.createVolumes) == true
    return .object([
      ("type", .string(type.rawValue)), ("supported", .boolean(!kinds.isEmpty)),
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
