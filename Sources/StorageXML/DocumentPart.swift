import StorageModel

/// An element or attribute that a document may have, for the manual pages.
package struct DocumentPart: Equatable, Sendable {
  /// Where the part is known, and what it says there.
  package struct Place: Equatable, Sendable {
    /// nil in documents of volumes, which are the same in all pools.
    package var type: PoolType?
    /// The format of the source or kind of adapter that has the part so; nil where all of the type do.
    package var condition: String?
    /// What its text may be; nil for an element without text.
    package var value: String?
    /// What holds without it; nil where that is not written down in the model.
    package var standard: String?
    /// Whether `--validate` refuses a document in which what surrounds it lacks it.
    package var isNeeded: Bool
  }

  /// As an XPath below the root, without an own namespace: `source/host/@port`.
  package var path: String
  /// Whether it may stand more than once.
  package var repeats: Bool
  /// In the order of the types.
  package var places: [Place]

  /// Every part of a pool's document, each element before its attributes and these before what it holds.
  package static var ofPools: [DocumentPart] {
    var parts = Collected()
    for type in PoolType.allCases {
      let variants = variants(of: type).map { ($0.condition, flat($0.root)) }
      for (condition, found) in variants {
        for part in found {
          let isEverywhere = variants.allSatisfy { $0.1.contains(part) }
          parts.add(
            part, type: type, condition: isEverywhere ? nil : condition,
            standard: part.path == "source/format" ? type.sourceFormats?.standard : nil)
        }
      }
    }
    return parts.all
  }

  /// Every part of a volume's document, in the same order.
  package static var ofVolumes: [DocumentPart] {
    var parts = Collected()
    for part in flat(VolumeSchema.volume(nestedNames: false)) { parts.add(part) }
    return parts.all
  }

  /// The documents of a type, where what a source may have depends on its format or its adapter.
  private static func variants(of type: PoolType) -> [(condition: String?, root: SchemaElement)] {
    switch type {
    case .netfs:
      return (type.sourceFormats?.words ?? []).map {
        ($0, PoolSchema.pool(type, format: $0, isFibreChannel: false))
      }
    case .scsi:
      return [("scsi_host", false), ("fc_host", true)].map {
        ($0.0, PoolSchema.pool(type, format: nil, isFibreChannel: $0.1))
      }
    default: return [(nil, PoolSchema.pool(type, format: nil, isFibreChannel: false))]
    }
  }

  private struct Found: Equatable {
    var path: String
    var value: String?
    var isNeeded: Bool
    var repeats: Bool
  }

  private static func flat(_ element: SchemaElement, below folder: String = "") -> [Found] {
    element.attributes.map {
      Found(
        path: folder + "@" + $0.name, value: $0.value.description, isNeeded: $0.isRequired,
        repeats: false)
    }
      + element.children.flatMap { child in
        [
          Found(
            path: folder + child.name, value: child.text?.description,
            isNeeded: [.once, .some].contains(child.occurrence),
            repeats: [.any, .some].contains(child.occurrence))
        ] + flat(child, below: folder + child.name + "/")
      }
  }

  /// The parts of all types, those of later types at the place where they would be looked for.
  private struct Collected {
    var all: [DocumentPart] = []
    private var last = 0

    mutating func add(
      _ found: Found, type: PoolType? = nil, condition: String? = nil, standard: String? = nil
    ) {
      let place = Place(
        type: type, condition: condition, value: found.value, standard: standard,
        isNeeded: found.isNeeded)
      if let index = all.firstIndex(where: { $0.path == found.path }) {
        last = index
        all[index].repeats = all[index].repeats || found.repeats
        // The kinds of a type that all have the part are one place.
        if all[index].places.last != place { all[index].places.append(place) }
      } else {
        last = all.isEmpty ? 0 : last + 1
        all.insert(
          DocumentPart(path: found.path, repeats: found.repeats, places: [place]), at: last)
      }
    }
  }
}

extension SchemaValue {
  /// What is accepted, in a few words.
  fileprivate var description: String { expectation ?? "text" }
}
