import Definitions
import StorageBackend
import StorageModel
import StorageOS

/// What the images of all pools refer to, found in one pass.
struct ImageUses: Sendable {
  /// One image and what its references lead to.
  struct User: Sendable {
    let pool: PoolName
    let volume: VolumeName
    let references: [(role: FileReference.Role, leads: [Lead])]
  }

  /// Where a name in a header leads.
  enum Lead: Sendable {
    case to(FileObject)
    /// It leads to no file.
    case nowhere(Path)
    /// It could not be looked at.
    case unknown(Path, StorageError)
  }

  /// Something that could not be looked at, and may hold images that refer to anything.
  struct Unknown: Sendable {
    let pool: PoolName?
    let volume: VolumeName?
    let error: StorageError
  }

  var users: [User] = []
  var unknown: [Unknown] = []
  /// Pools that are not active and whose storage is out of reach.
  var unreached: [PoolName] = []
  /// Why definitions make no sense; each may be that of a pool that is out of reach.
  var senseless: [StorageError] = []
}

/// The one pass that a command needs at most.
final class ImagePass: Sendable {
  // A command has one thread.
  nonisolated(unsafe) fileprivate var uses: ImageUses?
}

extension Storage {
  /// Refuses what would change an image that others cannot be read without: those above it, and those that keep data
  /// in it.
  ///
  /// Asked under the volume's lock, which whoever makes an overlay on it takes, too. Where users force it, it is told.
  /// - Parameters:
  ///   - onlyKnown: whether only what is known to refer to it is in the way, for changes that are no loss by themselves.
  ///   - tellingDoubts: the same, but everything that is not known is told, for changes that can be taken back.
  /// - Throws: `busy`, also where it cannot be told who needs the image, naming what could not be looked at.
  func checkIsNoBase(
    _ volume: Volume, in pool: ActivePool, onlyKnown: Bool = false, tellingDoubts: Bool = false,
    _ steps: Steps
  ) throws(StorageError) {
    guard volume.hasCommitted || volume.definition.kind == .block,
      let path = volume.definition.target.path
    else { return }
    let object: FileObject
    do throws(StorageError) { object = try FileStatus(known: path).object } catch {
      if error.isAbsence { return }
      throw error
    }
    let uses = try imageUses(pool.pass)
    var parts: [String] = []
    for role in [FileReference.Role.base, .dataFile, .extent] {
      let users = uses.names(using: object, as: role, of: volume, seenFrom: pool.name)
      guard !users.isEmpty else { continue }
      let article = role == .extent ? "an" : "the"
      parts.append("\(article) \(role.rawValue) of volume \(users.joined(separator: ", "))")
    }
    let doubts = uses.doubts(about: path, of: volume, seenFrom: pool.name)
    let told = parts.isEmpty ? nil : "is \(parts.joined(separator: ", and "))"
    let doubted =
      doubts.isEmpty
      ? nil
      : "may be the backing store of others, which cannot be told: \(doubts.joined(separator: "; "))"
    if !isForced, let problem = told ?? (onlyKnown || tellingDoubts ? nil : doubted) {
      throw StorageError(
        .busy, volume.subject, problem,
        hint: onlyKnown || !offers("force")
          ? nil : "--force does it all the same: what refers to it can then no longer be used.")
    }
    for text in [told, doubted].compactMap({ $0 }) {
      steps.warn("\(volume.subject): \(text)")
    }
    let strays = uses.strays(from: path, of: volume, seenFrom: pool.name)
    if !strays.isEmpty, !onlyKnown {
      steps.warn(
        "\(volume.subject): the backing store of volume \(strays.joined(separator: ", ")) is missing, and was"
          + " called as this one is: pool-check tells")
    }
    if !onlyKnown {
      // One broken file can be in the way of several pools.
      for problem in Set(uses.senseless.map { ByteString($0.text) }).sorted() {
        steps.warn(
          "\(volume.subject): which pool a definition is of cannot be told: overlays there would lose their"
            + " backing store: \(problem.text)")
      }
    }
    if !uses.unreached.isEmpty, !onlyKnown {
      let names = uses.unreached.map { "'\($0)'" }.joined(separator: ", ")
      steps.warn(
        "\(volume.subject): what is in pool \(names), which is not active, cannot be looked at:"
          + " overlays there would lose their backing store")
    }
  }

  /// What refers to what, looked up once in a command.
  private func imageUses(_ pass: ImagePass) throws(StorageError) -> ImageUses {
    if let uses = pass.uses { return uses }
    let uses = try findImageUses()
    pass.uses = uses
    return uses
  }

  private func findImageUses() throws(StorageError) -> ImageUses {
    var uses = ImageUses()
    let (records, problems) = try store.survey()
    // One that makes no sense cannot be started, so that its pool is not active.
    uses.senseless = problems.filter { $0.code == .badInput }
    uses.unknown = problems.filter { $0.code != .badInput }.map {
      .init(pool: nil, volume: nil, error: $0)
    }
    var backends: [(PoolRecord, any OverlayBackend)] = []
    for record in records {
      do throws(StorageError) {
        guard let backend = try backend(for: record.definition).able(to: .overlays) else {
          continue
        }
        if record.isActive { backend.beginReaching() }
        backends.append((record, backend))
      } catch {
        uses.unknown.append(.init(pool: record.name, volume: nil, error: error))
      }
    }
    for (record, backend) in backends {
      do throws(StorageError) {
        if !record.isActive, let backend = backend.able(to: .attach),
          try !backend.isAttached()
        {
          uses.unreached.append(record.name)
          continue
        }
        let found = try ServerWatch.look { () throws(StorageError) in try backend.references() }
        uses.users += found.images.map { ImageUses.User($0, in: record.name) }
        uses.unknown += found.unread.map {
          .init(pool: record.name, volume: $0.volume, error: $0.error)
        }
      } catch {
        if record.isActive {
          uses.unknown.append(.init(pool: record.name, volume: nil, error: error))
        } else {
          // Also where its folder is not there: it may be on a disk that is not plugged in.
          uses.unreached.append(record.name)
        }
      }
    }
    return uses
  }
}

extension ImageUses.User {
  fileprivate init(_ image: PoolReferences.Image, in pool: PoolName) {
    self.pool = pool
    volume = image.volume
    references = image.references.map { reference in
      (reference.role, Set(reference.candidates).map(ImageUses.Lead.init))
    }
  }

  fileprivate func isSelf(_ volume: Volume, _ pool: PoolName) -> Bool {
    self.pool == pool && self.volume == volume.name
  }
}

extension ImageUses.Lead {
  fileprivate init(_ path: Path) {
    do throws(StorageError) {
      // As the machine knows it: a server may be gone, and which file it is holds all the same.
      self = .to(try FileStatus(known: path).object)
    } catch {
      self = error.leadsNowhere ? .nowhere(path) : .unknown(path, error)
    }
  }
}

extension ImageUses {
  /// The volumes, quoted, that refer to a file in a role, besides the one that it belongs to.
  fileprivate func names(
    using object: FileObject, as role: FileReference.Role, of volume: Volume,
    seenFrom pool: PoolName
  ) -> [String] {
    let found = users.filter { user in
      !user.isSelf(volume, pool)
        && user.references.contains { reference in
          reference.role == role
            && reference.leads.contains { if case .to(object) = $0 { true } else { false } }
        }
    }
    return named(found, seenFrom: pool)
  }

  /// What could not be looked at and may refer to a file.
  ///
  /// A name behind a folder that only others may pass is taken for another file's unless it ends as this one's: else
  /// anybody's overlay could keep everybody from changing anything.
  fileprivate func doubts(about path: Path, of volume: Volume, seenFrom pool: PoolName) -> [String]
  {
    var doubts = unknown.filter { $0.pool != pool || $0.volume != volume.name || $0.volume == nil }
      .map(\.error.text)
    for user in users where !user.isSelf(volume, pool) {
      for lead in user.references.flatMap(\.leads) {
        guard case .unknown(let other, let error) = lead,
          error.code != .permission || other.lastComponent == path.lastComponent
        else { continue }
        doubts.append(error.text)
      }
    }
    return Set(doubts.map { ByteString($0) }).sorted().map(\.text)
  }

  /// The volumes, quoted, whose references lead nowhere and end as a file's path does.
  fileprivate func strays(from path: Path, of volume: Volume, seenFrom pool: PoolName) -> [String] {
    let found = users.filter { user in
      !user.isSelf(volume, pool)
        && user.references.contains { reference in
          reference.role == .base
            && reference.leads.allSatisfy { if case .nowhere = $0 { true } else { false } }
            && reference.leads.contains {
              if case .nowhere(let other) = $0 {
                other.lastComponent == path.lastComponent
              } else {
                false
              }
            }
        }
    }
    return named(found, seenFrom: pool)
  }

  private func named(_ users: [User], seenFrom own: PoolName) -> [String] {
    var seen: Set<ByteString> = []
    return users.sorted {
      ($0.pool == own ? 0 : 1, $0.pool, $0.volume) < ($1.pool == own ? 0 : 1, $1.pool, $1.volume)
    }
    .map { $0.pool == own ? "'\($0.volume)'" : "'\($0.volume)' in pool '\($0.pool)'" }
    .filter { seen.insert($0).inserted }
  }
}
