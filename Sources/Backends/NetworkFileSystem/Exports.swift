import StorageBackend
import StorageHost
import StorageModel
import StorageOS
import StorageXML

/// Looking for what a server exports, as libvirt does: by showmount(8) and the gluster command.
extension NetworkFileSystemBackend: SourceFindingBackend {
  package static func findSources(_ query: PoolSource?, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    let server = try queriedHost(query, of: "netfs")
    // An option would be taken as one by either program.
    guard !server.name.hasPrefix("-"), !server.name.isEmpty else {
      throw StorageError(.badInput, "", "'\(server.name)' is not the name of a host")
    }
    var failure: StorageError?
    var found: [PoolSource] = []
    do throws(StorageError) { found = try exports(of: server, host: host) } catch {
      failure = error
    }
    // Without the program nobody can be asked for volumes of Gluster.
    if (try? gluster.path()) != nil {
      do throws(StorageError) { found += try volumes(of: server, host: host) } catch {
        failure = failure ?? error
      }
    }
    guard found.isEmpty, var failure else { return found }
    failure.subject = ""
    failure.problem = "no storage pools were found on host '\(server.name)': \(failure.problem)"
    throw failure
  }

  private static let showmount = Program("showmount", package: "nfs-common")
  private static let gluster = Program("gluster", package: "glusterfs-cli")

  private static func run(
    _ program: Program, _ arguments: [String], _ server: PoolSource.Host, _ host: HostFolders
  ) throws(StorageError) -> String {
    do throws(StorageError) {
      return try program.run(arguments, on: server.name, timeout: host.answerTimeout)
    } catch {
      // Ended for taking too long.
      guard error.problem.hasPrefix("did not end") else { throw error }
      throw StorageError(
        .inputOutput, "",
        "'\(server.name)' does not answer within \(host.answerTimeout.secondsText) seconds")
    }
  }

  /// The exports of an NFS server, in its order.
  private static func exports(of server: PoolSource.Host, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    let text = try run(
      showmount, ["--no-headers", "--exports", server.name], server, host)
    return try text.split(separator: "\n").map { line throws(StorageError) in
      // `FOLDER CLIENTS`; the folder may hold blanks, the clients hold none.
      guard line.hasPrefix("/") else {
        throw StorageError(.badInput, "", "invalid netfs path (no /): \(line)")
      }
      let folder = line.split(separator: " ").dropLast().joined(separator: " ")
      return source(server, folder.isEmpty ? String(line) : folder, format: "nfs")
    }
  }

  /// The volumes of a GlusterFS server.
  private static func volumes(of server: PoolSource.Host, host: HostFolders) throws(StorageError)
    -> [PoolSource]
  {
    let text = try run(
      gluster,
      [
        "--xml", "--log-file=/dev/null", "volume", "info", "all", "--remote-host=\(server.name)",
      ], server, host)
    do throws(XMLProblem) {
      return try GlusterXML.volumeNames(Array(text.utf8)).map {
        source(server, $0, format: "glusterfs")
      }
    } catch {
      throw StorageError(.failure, "", "gluster answers with something else than its XML")
    }
  }

  private static func source(_ server: PoolSource.Host, _ folder: String, format: String)
    -> PoolSource
  {
    var source = PoolSource()
    source.hosts = [server]
    source.dir = Path(verbatim: folder)
    source.format = format
    return source
  }
}
