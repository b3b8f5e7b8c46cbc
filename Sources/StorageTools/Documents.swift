import StorageConf
import StorageModel
import StorageXML

/// What definitions may say, for the manual pages that list it.
enum Documents {
  static var description: JSON {
    .object([
      ("pool", .array(DocumentPart.ofPools.map(describe))),
      ("volume", .array(DocumentPart.ofVolumes.map(describe))),
      ("conf", .array(PoolConf.keys.map(describe))),
      ("poolTypes", .array(PoolType.allCases.map { .string($0.rawValue) })),
    ])
  }

  private static func describe(_ part: DocumentPart) -> JSON {
    .object([
      ("path", .string(part.path)), ("repeats", .boolean(part.repeats)),
      ("places", .array(part.places.map(describe))),
    ])
  }

  private static func describe(_ place: DocumentPart.Place) -> JSON {
    .object([
      ("type", .text(place.type?.rawValue)), ("condition", .text(place.condition)),
      ("value", .text(place.value)), ("standard", .text(place.standard)),
      ("needed", .boolean(place.isNeeded)),
    ])
  }

  private static func describe(_ key: PoolConf.Key) -> JSON {
    .object([
      ("path", .string(key.name)), ("drivers", .array(key.drivers.map { .string($0) })),
    ])
  }
}
