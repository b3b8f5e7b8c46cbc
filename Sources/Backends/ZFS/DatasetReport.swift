import StorageModel
import StorageOS

/// What is in a pool's dataset as one command sees it: one `zfs list`, asked for at the first question and again when
/// something was changed since.
final class DatasetReport: @unchecked Sendable {
  // Unchecked: commands have one thread.
  let container: String
  private var known: DatasetTree?

  init(_ container: String) { self.container = container }

  /// The datasets as they are now.
  func tree() throws(StorageError) -> DatasetTree {
    if let known { return known }
    let tree = try DatasetTree(
      container,
      ZFSTools.ask(
        ZFSTools.zfs,
        ["list", "-Hp", "-r", "-t", "filesystem,volume,snapshot", "-o"]
          + [Dataset.columns.joined(separator: ","), container], subject: subject))
    known = tree
    return tree
  }

  var subject: String { "dataset '\(container)'" }

  /// Forgets what is known.
  func forget() { known = nil }

  /// Runs a command of `zfs` that changes something in the container.
  /// - Parameter place: the name of its fault point.
  func change(
    _ place: StaticString, _ words: [String], subject: String, input: Descriptor? = nil
  ) throws(StorageError) {
    known = nil
    try ZFSTools.change(ZFSTools.zfs, words, place: place, subject: subject, input: input)
  }
}

/// The datasets of a container, by their names below it.
struct DatasetTree {
  let container: String
  /// The container itself.
  let top: Dataset
  /// File systems and volumes, by name below the container.
  private(set) var datasets: [ByteString: Dataset] = [:]
  /// The snapshots of each of them, oldest first.
  private(set) var snapshots: [ByteString: [Dataset]] = [:]

  /// - Parameter lines: what `zfs list` printed.
  init(_ container: String, _ lines: [[String]]) throws(StorageError) {
    self.container = container
    var top: Dataset?
    for fields in lines {
      guard let dataset = Dataset(fields) else {
        throw StorageError(
          .failure, "dataset '\(container)'",
          "zfs list printed a line that cannot be understood",
          reason: fields.joined(separator: " "))
      }
      if dataset.name == container { top = dataset }
      let owner = dataset.snapshot?.of ?? dataset.name
      guard let name = owner.without(prefix: container + "/").map(String.init) else { continue }
      if dataset.snapshot == nil {
        datasets[ByteString(name)] = dataset
      } else {
        snapshots[ByteString(name), default: []].append(dataset)
      }
    }
    guard let top else {
      throw StorageError(.notFound, "dataset '\(container)'", "does not exist")
    }
    self.top = top
    for name in snapshots.keys {
      snapshots[name]?.sort { ($0.transaction, $0.name) < ($1.transaction, $1.name) }
    }
  }

  /// The zvol of a volume; nil where there is none.
  func zvol(_ name: VolumeName) -> Dataset? {
    datasets[ByteString(name.text)].flatMap { $0.kind == .volume ? $0 : nil }
  }

  /// The snapshots of a volume, oldest first; those that are about to go are not among them.
  func snapshots(of name: VolumeName) -> [Dataset] {
    (snapshots[ByteString(name.text)] ?? []).filter { !$0.isGoing }
  }
}
