import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// What somebody probably meant who named something that is not there.
extension Tool {
  /// A question to follow an error, or the command that was meant; nil where nothing is near.
  ///
  /// Looks at what the arguments name: a word that is none of the possible ones, then a pool, then a volume of that
  /// pool or, where none is named, of any. What cannot be looked at is passed over.
  func hint(for error: StorageError) -> String? {
    if let more = sizeHint(error) ?? overwriteHint(error) { return more }
    if error.code == .exists { return linkInTheWay }
    guard [.notFound, .usage, .badInput].contains(error.code) else { return nil }
    if let wrongOrder { return wrongOrder }
    if error.missing == .volume || error.code == .notFound {
      if let told = link ?? stoppedPool { return told }
    }
    for parameter in command.parameters {
      guard let given = arguments.value(parameter.name) else { continue }
      if let meant = nearest(to: given, for: parameter, error) {
        return Suggestion.question(meant)
      }
    }
    return error.code == .notFound ? volumeOfAnyPool : nil
  }

  /// What to say where content has not the size that was expected.
  private func sizeHint(_ error: StorageError) -> String? {
    let isSize = ["too much data", "not enough data"].contains { error.problem.hasPrefix($0) }
    guard isSize, command.parameter(named: "size") != nil else { return nil }
    if arguments.has("keep-size") {
      return "Without --keep-size the volume gets the size of the input."
    }
    return "If the volume is to get another size, say how many bytes come: --size BYTES."
  }

  /// What to say where something is on the source of a pool that is to be built.
  private func overwriteHint(_ error: StorageError) -> String? {
    let isBuilt = ["already built", "forced overwrite"].contains { error.problem.contains($0) }
    guard isBuilt, command.parameter(named: "overwrite") != nil, !arguments.has("overwrite") else {
      return nil
    }
    return "If what is there may be lost, say --overwrite."
  }

  /// The command with its words in the right order, where a pool is named in the place of something else.
  private var wrongOrder: String? {
    guard let (pool, bare, options) = poolInWrongPlace, let record = record(pool) else {
      return nil
    }
    return "'\(record.name)' is a pool. Try: \(line(bare, arguments.others + options))"
  }

  /// The command with other words.
  private func line(_ bare: [String], _ options: [String]) -> String {
    // A name that looks like an option.
    let isAmbiguous = bare.contains { $0.hasPrefix("-") && $0 != "-" }
    return NextCommand.line(
      [command.name] + (isAmbiguous ? options + ["--"] + bare : bare + options))
  }

  /// A word that names a pool where no pool belongs, the words without a name as they belong, and what is added.
  private var poolInWrongPlace: (pool: String, bare: [String], options: [String])? {
    let bare = arguments.bare
    guard let first = bare.first, let kind = command.parameters.first(where: \.isPositional)?.value
    else { return nil }
    if kind.isPool {
      // The pool comes second: `vol-create-as VOLUME POOL 1M`.
      guard bare.count > 1, arguments.value("pool") == first, !isPool(first), isPool(bare[1]) else {
        return nil
      }
      return (bare[1], [bare[1], first] + bare.dropFirst(2), [])
    }
    // It comes first: `vol-info POOL VOLUME`, or `vol-info --pool VOLUME POOL`. A volume of its name is meant where
    // there is one.
    guard kind.isVolume, isPool(first),
      !isVolume(first, in: arguments.value("pool"))
    else { return nil }
    let isNamed = !bare.contains(arguments.value("pool") ?? first)
    let words = (isNamed ? arguments.value("pool").map { [$0] } ?? [] : []) + bare.dropFirst()
    // Of a pool that is not active it cannot be told yet.
    let isActive = record(first)?.isActive == true
    guard let volume = words.first,
      !isActive || isVolume(volume, in: first)
    else { return nil }
    return (first, words, ["--pool", first])
  }

  /// A pool as far as it can be looked at.
  private func record(_ pool: String) -> PoolRecord? { try? storage.store.pool(matching: pool) }

  private var pools: [PoolRecord] { (try? storage.store.all().pools) ?? [] }

  private func isVolume(_ text: String, in pool: String?) -> Bool {
    (try? storage.volume(text, in: pool)) != nil
  }

  private func isPool(_ text: String) -> Bool {
    record(text) != nil
  }

  /// What makes a volume reachable that is named by its path, where the pool that it is in is not started.
  private var stoppedPool: String? {
    guard let parameter = command.parameters.first(where: { $0.value.isVolume }),
      let given = arguments.value(parameter.name), given.hasPrefix("/")
    else { return nil }
    let path = Path(given)
    let record = pools.first { record in
      !record.isActive && record.definition.type.hasTarget
        && record.definition.target.path.flatMap { path.relative(to: $0) } != nil
    }
    return record.map {
      "Pool '\($0.name)', which it lies in, is not active. "
        + NextCommand.hint(toUse: $0)
    }
  }

  /// What to say of a new name that a symbolic link has already.
  private var linkInTheWay: String? {
    guard
      let given = arguments.value("newname") ?? arguments.value("name")
        ?? (arguments.has("create") ? arguments.value("vol") : nil),
      let pool = arguments.value("pool"),
      let record = record(pool),
      let path = record.definition.target.path?.appending(given), isLink(path)
    else { return nil }
    return "'\(path)' is a symbolic link, which is no volume and not followed."
  }

  /// What to say of a symbolic link, which is followed nowhere.
  private var link: String? {
    guard let parameter = command.parameters.first(where: { $0.value.isVolume }),
      let given = arguments.value(parameter.name)
    else { return nil }
    var path = Path(given)
    if !path.isAbsolute {
      guard let pool = namedVolumes().pool,
        let record = record(pool),
        let folder = record.definition.target.path
      else { return nil }
      path = folder.appending(given)
    }
    guard let real = (try? Process.realPath(path)) ?? (isLink(path) ? path : nil),
      real != path || isLink(path)
    else { return nil }
    if real == path.withoutDots, !isLink(path) {
      // No link is on the way: the name is only written in another way.
      return (try? storage.volume(real.text, in: nil)).map { pool, volume in
        "It is volume '\(volume.name)' of pool '\(pool.name)'. Try: "
          + line([volume.name.text], arguments.others + ["--pool", pool.name.text])
      }
    }
    let said = "'\(path)' is \(isLink(path) ? "" : "reached by ")a symbolic link"
    guard real != path, let (pool, volume) = try? storage.volume(real.text, in: nil) else {
      return said + ", which is not followed."
    }
    return said
      + ", which is not followed; it leads to volume '\(volume.name)' of pool '\(pool.name)'."
  }

  private func isLink(_ path: Path) -> Bool {
    (try? Folder(opening: path.parent).status(path.lastComponent))?.kind == .symbolicLink
  }

  /// Where no pool is named: the same command with the one that has the volume, else a volume of nearly that name.
  ///
  /// No command line is made of another volume: it might be pasted, and delete that.
  private var volumeOfAnyPool: String? {
    guard let parameter = command.parameters.first(where: { $0.value.isVolume }),
      let given = arguments.value(parameter.name), !given.contains("/"),
      command.parameter(named: "pool") != nil, namedVolumes().pool == nil
    else { return nil }
    var present: [String] = []
    for record in pools {
      // A server that does not answer must not keep the error waiting.
      guard !record.definition.type.sourceParts.contains(.host),
        let pool = try? storage.activePool(record.name.text),
        let names = try? pool.volumeNames().map(\.text)
      else { continue }
      if names.contains(given) {
        return "Try: " + line(arguments.bare, arguments.others + ["--pool", record.name.text])
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
      let names = ((try? storage.store.all(withUnused: true).pools) ?? []).map(\.name.text)
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
