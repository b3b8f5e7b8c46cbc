import StorageCore
import StorageModel
import StorageXML

extension Command {
  static let volClone = Command(
    "vol-clone", "Create a copy of a volume in the same pool.", .changes,
    [
      .volume(.any), .required("newname", "NAME", "Name of the copy."), .volumePool,
      .flag("prealloc-metadata", "Preallocate metadata (qcow2)."),
      .flag("reflink", "Share blocks with the volume, or fail."), .sectorSize,
      .flag("print-xml", "Print the document of the copy, and change nothing."), .progress,
      .reserve.rare,
    ],
    example: "vol-clone disk1 disk2 --pool images"
  ) { tool throws(StorageError) in
    let (pool, source) = try tool.volume()
    let text = tool.arguments.required("newname")
    let name: VolumeName
    do throws(NameProblem) {
      name = try VolumeName(text, nested: pool.definition.lifecycle.driver.usesQubesLayout)
    } catch {
      throw StorageError(.badInput, "", "volume \(error.text)")
    }
    var request = source.definition
    request.name = name
    // The copy has its own place and times.
    request.key = nil
    request.target.path = nil
    request.target.timestamps = nil
    request.physical = nil
    if tool.arguments.has("print-xml") {
      let volume = try tool.storage.normalised(request, in: pool.name.text)
      return try tool.write(VolumeXML.write(volume, poolType: pool.definition.type) + "\n")
    }
    let change = try tool.storage.createVolume(
      request, in: pool.name.text, from: source.name.text, in: pool.name.text,
      tool.copyOptions())
    try tool.report(
      change, pool: pool.name, volume: name,
      "Vol \(name) cloned from \(source.name)")
  }
}
