import Definitions
import Operations
import StorageBackend
import StorageHost
import StorageModel
import TestSupport
import Testing

@Suite("Pools whose volumes change in place")
struct InPlacePoolTests {
  @Test("a pool default that needs working copies is refused when defined")
  func define() throws {
    let host = try PrivateHost()
    let storage = host.storage()
    var pool = try host.pool("p")
    pool.lifecycle.revisionsToKeep = .count(2)
    let error = failure { () throws(StorageError) in
      try storage.define(pool, uuidIsGiven: true, notation: .document, ifNotExists: false)
    }
    #expect(error?.code == .badInput)
    #expect(error?.problem.contains("change in place and keep no revisions") == true)
    #expect(try host.store.pool(pool.name) == nil)
    pool.lifecycle.revisionsToKeep = .disabled
    _ = try storage.define(pool, uuidIsGiven: true, notation: .document, ifNotExists: false)
    #expect(try host.store.pool(pool.name) != nil)
  }

  @Test("what needs more than the volume itself is refused in words that say so")
  func backends() throws {
    let host = try PrivateHost()
    let storage = host.storage()
    _ = try storage.define(
      host.pool("p"), uuidIsGiven: true, notation: .document, ifNotExists: false)
    let folder = host.temporary.path.appending("pools-of-p")
    try host.temporary.write("x", to: "pools-of-p/v")
    _ = try storage.start("p")
    let active = try storage.activePool("p")
    #expect(
      failure { () throws(StorageError) in try active.lifecycleBackend() }?.code == .unsupported)
    #expect(
      failure { () throws(StorageError) in try active.contentBackend() }?.code == .unsupported)
    let name = try VolumeName("n")
    let create = failure { () throws(StorageError) in
      try storage.createVolume(
        VolumeDefinition(name: name), in: "p", ifNotExists: false, CreationOptions())
    }
    #expect(create?.text == "storage pool does not support volume creation")
    let delete = failure { () throws(StorageError) in
      try storage.deleteVolume(folder.appending("v").text, in: "p")
    }
    #expect(delete?.code == .unsupported)
  }
}
