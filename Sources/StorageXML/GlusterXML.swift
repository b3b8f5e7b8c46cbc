import StorageModel

/// What the gluster command prints with `--xml` (GlusterFS 10.3).
package enum GlusterXML {
  /// The names of the volumes in the answer to `volume info all`, in its order.
  package static func volumeNames(_ bytes: [UInt8]) throws(XMLProblem) -> [String] {
    do throws(XMLFault) {
      let root = try XMLDocument.parse(bytes)
      let volumes = root.first("volInfo")?.first("volumes")?.all("volume") ?? []
      return volumes.compactMap { $0.value("name") }
    } catch {
      throw error.problem(in: "gluster")
    }
  }
}
