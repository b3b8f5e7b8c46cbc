import StorageBackend
import StorageModel

/// Which combinations of properties can work; refused when defined, not when started.
enum LifecycleRules {
  /// - Parameters:
  ///   - format: what the volume's own content is; nil where it has none.
  ///   - lookUp: finds another volume of the pool.
  static func check(
    _ settings: LifecycleSettings, of name: VolumeName, format: VolumeFormat?,
    in active: ActivePool, lookUp: (VolumeName) throws(StorageError) -> Volume?
  ) throws(StorageError) {
    let pool = active.definition
    func refused(_ problem: String) -> StorageError {
      StorageError(.badInput, "volume '\(name)'", problem)
    }
    let properties = settings.resolved(with: pool.lifecycle)
    if !active.backend.can(.revisions), properties.kind != .inPlace {
      throw refused(
        "volumes of pools \(active.backend.description.kind) change in place:"
          + " of the life-cycle properties only rw can be set")
    }
    if properties.snapOnStart, properties.source == nil {
      throw refused("snap_on_start needs a source")
    }
    if let source = properties.source {
      guard properties.snapOnStart else { throw refused("a source needs snap_on_start") }
      guard source != name else { throw refused("cannot be its own source") }
      guard let found = try lookUp(source) else {
        throw StorageError(
          .notFound, "volume '\(name)'", "its source '\(source)' is not in pool '\(pool.name)'")
      }
      guard found.properties.kind.savesState else {
        throw refused("its source '\(source)' keeps no state (save_on_stop is no)")
      }
      guard found.definition.kind != .dir else {
        throw refused("its source '\(source)' is a directory, not an image")
      }
      if let format { try checkFormat(format, of: name, from: found) }
      var next = found.properties.source
      while let ancestor = next {
        guard ancestor != name else {
          throw refused("would become a source of its own source '\(source)'")
        }
        next = try lookUp(ancestor)?.properties.source
      }
    }
    if properties.snapOnStart, properties.saveOnStop, pool.lifecycle.driver == .file {
      throw refused("snap_on_start and save_on_stop together are not possible with driver 'file'")
    }
    if let problem = active.backend.description.refusal(of: properties.revisionsToKeep) {
      throw refused(problem)
    }
    if settings.ephemeral == true, properties.kind != .volatile || !properties.isWritable {
      throw refused(
        "only a volume with rw, without snap_on_start and save_on_stop can be ephemeral")
    }
  }

  /// Refuses a volume that is something else than what it starts from.
  static func checkFormat(_ format: VolumeFormat, of name: VolumeName, from source: Volume)
    throws(StorageError)
  {
    let (own, other) = (format, source.definition.target.format ?? .raw)
    guard own != other, !(own.isRaw && other.isRaw) else { return }
    throw StorageError(
      .badInput, "volume '\(name)'", "has the format of its source, which is \(other.rawValue)")
  }
}

extension LifecycleSettings {
  /// The names that `vol-set` knows.
  package static let propertyNames = [
    "rw", "snap_on_start", "save_on_stop", "revisions_to_keep", "source", "ephemeral", "format",
  ]

  /// Sets a property from text.
  ///
  /// A source turns snap_on_start on; an empty one, or snap_on_start off, removes it.
  /// - Throws: `badInput` for an unknown property or a value it cannot have.
  package mutating func set(_ property: String, to value: String) throws(StorageError) {
    switch property {
    case "rw": isWritable = try LifecycleSettings.boolean(value, property)
    case "save_on_stop": saveOnStop = try LifecycleSettings.boolean(value, property)
    case "ephemeral": ephemeral = try LifecycleSettings.boolean(value, property)
    case "snap_on_start":
      let isOn = try LifecycleSettings.boolean(value, property)
      snapOnStart = isOn
      if !isOn { source = nil }
    case "revisions_to_keep":
      guard let number = RevisionsToKeep(value) else {
        throw StorageError(
          .usage, property, "'\(value)' is not a number of revisions: -1, 0 or more")
      }
      revisionsToKeep = number
    case "source":
      if value.isEmpty || value == "none" {
        source = nil
        snapOnStart = false
      } else {
        do throws(NameProblem) { source = try VolumeName(value, nested: true) } catch {
          throw StorageError(.badInput, property, error.text)
        }
        snapOnStart = true
      }
    default:
      throw StorageError(
        .badInput, "",
        "unknown property '\(property)': expected \(LifecycleSettings.propertyNames.joined(separator: ", "))"
      )
    }
  }

  /// Reads yes/no, true/false, on/off, 1/0 in any case.
  package static func boolean(_ text: String, _ subject: String) throws(StorageError) -> Bool {
    switch text.lowercased() {
    case "yes", "true", "on", "1": return true
    case "no", "false", "off", "0": return false
    default:
      throw StorageError(
        .badInput, subject,
        "'\(text)' is not a yes or no: expected yes, no, true, false, on, off, 1 or 0")
    }
  }
}
