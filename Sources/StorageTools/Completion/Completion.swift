import Operations
import StorageModel

/// What can stand at the cursor of a command line that is still being typed.
///
/// Everything comes from the commands' own declarations: `ValueKind` says what a value is. Looks at the machine only
/// for names of what is there, takes no lock and says nothing of what cannot be read.
struct Completion: Sendable {
  struct Candidate: Equatable, Sendable {
    let text: String
    /// A few words on it; empty where there are none.
    var meaning = ""
  }

  /// What the shell is to do.
  enum Offer: Equatable, Sendable {
    /// Offer these; `isList` where a comma and a further one may follow.
    case candidates([Candidate], isList: Bool)
    case files, folders
    /// Offer nothing, and say what belongs here.
    case nothing(String)
  }

  let offer: Offer
  /// What stands before the value in the word at the cursor: `--name=`, or nothing.
  let attached: String

  init(offer: Offer, attached: String) {
    self.offer = offer
    self.attached = attached
  }

  /// - Parameter matches: whether the shell may want a candidate for what is typed; only of those more is looked up.
  init(_ line: BegunLine, of command: Command, in storage: Storage, matches: Matching) {
    switch line.place {
    case .nothing: self.init(offer: .nothing(""), attached: "")
    case .option:
      let options = Completion.options(of: command, given: line.arguments)
      let fitting = options.filter { matches($0.text, line.typed) }
      self.init(offer: .candidates(fitting, isList: false), attached: "")
    case .value(let parameter, let attached):
      let names = LiveNames(
        storage: storage, arguments: line.arguments, command: command, typed: line.typed,
        matches: matches)
      self.init(
        offer: Completion.values(of: parameter, typed: line.typed, names, matches),
        attached: attached)
    }
  }

  /// Names of commands.
  init(commands: [Command], typed: String, matches: Matching) {
    let fitting = commands.filter { matches($0.name, typed) }
    self.init(
      offer: .candidates(
        fitting.map { Candidate(text: $0.name, meaning: $0.summary.withoutFullStop) },
        isList: false), attached: "")
  }

  /// How a shell compares what is typed with a candidate.
  enum Matching: Sendable {
    case beginning
    /// Anywhere, without regard to case: the shell decides itself.
    case loose

    func callAsFunction(_ candidate: String, _ typed: String) -> Bool {
      switch self {
      case .beginning: return candidate.hasPrefix(typed)
      case .loose:
        return typed.isEmpty || candidate.hasPrefix(typed) || Matching.isPart(typed, of: candidate)
      }
    }

    /// Byte by byte, ASCII letters without regard to case: folding ten thousand strings would take longer than
    /// reading the folder that they come from.
    private static func isPart(_ part: String, of text: String) -> Bool {
      func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
      let wanted = part.utf8.map(folded)
      let bytes = text.utf8.map(folded)
      guard let first = wanted.first, bytes.count >= wanted.count else { return wanted.isEmpty }
      return (0...(bytes.count - wanted.count)).contains { start in
        bytes[start] == first && bytes[start...].starts(with: wanted)
      }
    }
  }

  /// The options that are not given yet.
  private static func options(of command: Command, given: Arguments) -> [Candidate] {
    command.allParameters
      .filter { given.value($0.name) == nil && !given.has($0.name) }
      .map { Candidate(text: "--\($0.name)", meaning: $0.help.withoutFullStop) }
  }

  private static func values(
    of parameter: Parameter, typed: String, _ names: LiveNames, _ matches: Matching
  ) -> Offer {
    func offer(_ candidates: [Candidate]) -> Offer {
      candidates.isEmpty ? .nothing(parameter.help) : .candidates(candidates, isList: false)
    }
    switch parameter.value.resolved(by: names.arguments) {
    case .unknown, .text, .number, .size, .dependent: return .nothing(parameter.help)
    case .file: return .files
    case .folder: return .folders
    case .words(let words):
      return offer(words.filter { matches($0.text, typed) }.map(Candidate.init))
    case .list(let words):
      let whole = typed.split(separator: ",", omittingEmptySubsequences: false).dropLast()
      let before = whole.map { "\($0)," }.joined()
      let open = words.filter { !whole.contains(Substring($0.text)) }
      let candidates = open.map { Candidate(text: before + $0.text, meaning: $0.meaning) }
      return .candidates(candidates.filter { matches($0.text, typed) }, isList: true)
    case .pool(let filter): return offer(names.pools(filter))
    case .poolUUID: return offer(names.poolUUIDs)
    case .volume(let filter): return offer(names.volumes(filter))
    case .volumePath: return offer(names.volumePaths)
    case .secret: return offer(names.secrets)
    case .revision: return offer(names.revisions)
    }
  }
}

extension Completion.Candidate {
  fileprivate init(_ word: ValueKind.Word) { self.init(text: word.text, meaning: word.meaning) }
}
