import Operations
import StorageModel
import StorageOS

extension Command {
  static let volUpload = Command(
    "vol-upload", "Write a file into a volume, or into a part of it.", .changes,
    [
      .volume(.stopped), .required("file", "FILE", "File to write; - for standard input."),
      .volumePool, .offset, .length,
      .flag("sparse", "Holes of the file become holes in the volume."),
      .named(
        "format", "FORMAT", "Format of the file, and of the volume from then on.", .imageFormat),
      .named("backing-vol", "VOLUME", "Volume that the file may be an overlay on.", .volume(.any))
        .rare,
      .force, .checksum, .verify, .progress,
    ],
    example: "vol-upload disk1 /srv/disk1.raw --pool images"
  ) { tool throws(StorageError) in
    let file = tool.arguments.required("file")
    var options = Storage.UploadOptions()
    options.part = try tool.contentPart()
    options.isSparse = tool.arguments.has("sparse")
    options.check = try tool.contentCheck()
    options.format = try tool.contentFormat()
    options.base = tool.arguments.value("backing-vol")
    let source: Descriptor
    do throws(StorageError) { source = try tool.input(file) } catch {
      guard let reason = error.reason else { throw error }
      throw StorageError(error.code, "", "cannot read \(file)", reason: reason)
    }
    let (change, pool, name, sum) = try tool.storage.upload(
      tool.arguments.required("vol"), in: tool.arguments.value("pool"), from: source, options)
    try tool.reportContent(change, pool.name, name, sum, of: file)
  }
}
