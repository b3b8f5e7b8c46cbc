import StorageBackend
import StorageModel
import StorageOS

extension PoolStore {
  /// A definition that cannot be read or understood.
  package struct Unreadable: Sendable {
    /// The file that it is in.
    package let file: Path
    /// The pool that it is of, by its place; nil where the whole file cannot be understood.
    package let pool: PoolName?
    package let problem: StorageError
  }

  /// The definitions that cannot be read or understood, in the order of their files.
  package func unreadable() throws(StorageError) -> [Unreadable] {
    let conf = try Configuration(self)
    let (names, problems) = try names(conf)
    var found = (problems + [conf.problem].compactMap { $0 }).map {
      Unreadable(file: confFile, pool: nil, problem: $0)
    }
    for name in names.sorted() {
      var problem: StorageError?
      do throws(StorageError) { problem = try pool(name, conf)?.problem } catch {
        problem = error
      }
      // What is wrong with all of storage.conf is in the way of every pool, and said once.
      guard let problem, problem.text != conf.problem?.text else { continue }
      let document = document(name)
      let isDocument = try FileStatus.known(document) != nil
      found.append(Unreadable(file: isDocument ? document : confFile, pool: name, problem: problem))
    }
    return found
  }
}
