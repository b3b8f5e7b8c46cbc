import StorageCore
import StorageModel

/// What somebody probably meant who named something that is not there.
extension Tool {
  /// A question to follow an error; nil where nothing is near.
  ///
  /// Looks at what the arguments name: a word that is none of the possible ones, then a pool, then a volume of that
  /// pool. What cannot be looked at is passed over.
  func hint(for error: StorageError) -> String? {
    guard [.notFound, .usage, .badInput].contains(error.code) else { return nil }
    for parameter in command.parameters {
      guard let given = arguments.value(parameter.name) else { continue }
      if let meant = nearest(to: given, for: parameter, error) {
        return Suggestion.question(meant)
      }
    }
    return nil
  }

  /// The likeliest value; nil where the given one exists or none is near.
  private func nearest(to given: String, for parameter: Parameter, _ error: StorageError)
    -> String?
  {
    switch parameter.value.resolved(by: arguments) {
    case .words(let words):
      guard !words.contains(where: { $0.text == given }) else { return nil }
      return Suggestion.nearest(to: given, in: words.map(\.text))
    case .pool where error.code == .notFound:
      let names = ((try? storage.store.all().pools) ?? []).map(\.name.text)
      return names.contains(given) ? nil : Suggestion.nearest(to: given, in: names)
    case .volume where error.code == .notFound:
      guard let pool = arguments.value("pool").flatMap({ try? storage.activePool($0) }),
        let names = try? pool.volumeNames().map(\.text)
      else { return nil }
      return names.contains(given) ? nil : Suggestion.nearest(to: given, in: names)
    default: return nil
    }
  }
}

extension ValueKind {
  /// What the value of a parameter is, where that depends on another one.
  func resolved(by arguments: Arguments) -> ValueKind {
    guard case .dependent(let other, let kinds) = self else { return self }
    return arguments.value(other).flatMap { kinds[$0] } ?? .text
  }
}
