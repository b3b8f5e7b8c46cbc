import StorageCore
import StorageModel

/// What somebody probably meant who named something that is not there.
extension Tool {
  /// A question to follow an error, or the command that was meant; nil where nothing is near.
  ///
  /// Looks at what the arguments name: a word that is none of the possible ones, then a pool, then a volume of that
  /// pool or, where none is named, of any. What cannot be looked at is passed over.
  func hint(for error: StorageError) -> String? {
    guard [.notFound, .usage, .badInput].contains(error.code) else { return nil }
    for parameter in command.parameters {
      guard let given = arguments.value(parameter.name) else { continue }
      if let meant = nearest(to: given, for: parameter, error) {
        return Suggestion.question(meant)
      }
    }
    return error.code == .notFound ? volumeOfAnyPool : nil
  }

  /// Where no pool is named: the same command with the one that has the volume, else a volume of nearly that name.
  ///
  /// No command line is made of another volume: it might be pasted, and delete that.
  private var volumeOfAnyPool: String? {
    guard let parameter = command.parameters.first(where: { $0.value.isVolume }),
      let given = arguments.value(parameter.name), !given.contains("/"),
      command.parameter(named: "pool") != nil, arguments.value("pool") == nil
    else { return nil }
    var present: [String] = []
    for record in (try? storage.store.all().pools) ?? [] {
      // A server that does not answer must not keep the error waiting.
      guard !record.definition.type.sourceParts.contains(.host),
        let pool = try? storage.activePool(record.name.text),
        let names = try? pool.volumeNames().map(\.text)
      else { continue }
      if names.contains(given) {
        return NextCommand.hint(command.name, given, "--pool", record.name.text)
      }
      present += names
    }
    return Suggestion.nearest(to: given, in: present).map(Suggestion.question)
  }

  /// The likeliest value; nil where the given one exists or none is near.
  private func nearest(to given: String, for parameter: Parameter, _ error: StorageError)
    -> String?
  {
    switch parameter.value.resolved(by: arguments) {
    case .words(let words):
      guard !words.contains(where: { $0.text == given }) else { return nil }
      return word(meaning: given, words) ?? Suggestion.nearest(to: given, in: words.map(\.text))
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

  /// The first word whose meaning has another one in it: `logical` for `lvm`.
  private func word(meaning text: String, _ words: [ValueKind.Word]) -> String? {
    let text = text.lowercased()
    return words.first { word in
      word.meaning.lowercased().split { !$0.isLetter && !$0.isNumber }.contains { $0 == text }
    }?.text
  }
}

extension ValueKind {
  /// What the value of a parameter is, where that depends on another one.
  func resolved(by arguments: Arguments) -> ValueKind {
    guard case .dependent(let other, let kinds) = self else { return self }
    return arguments.value(other).flatMap { kinds[$0] } ?? .text
  }
}
