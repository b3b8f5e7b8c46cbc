import StorageBackend
import StorageModel
import StorageOS

/// Volumes with content from the beginning.
extension FileBackend {
  /// Never asked: files are made for whatever sectors their content is made for.
  package func sectorSize() throws(StorageError) -> ByteCount { SectorSize.usual }

  /// The file is written before it has the volume's name.
  ///
  /// Holes stay holes; a capacity above the content's is given at the end.
  package func create(_ plan: CreationPlan, with content: NewContent, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(plan.name)
    let path = path(of: plan.name)
    try writeRecord(of: plan, for: files, steps)
    let recipe = content.needsImage && !plan.isPlainlyRaw ? recipe(plan) : nil
    let first = recipe.map { "run \($0.told(path)); " } ?? ""
    try steps.run(first + content.told(path, isZero: true)) { () throws(StorageError) in
      try makeCommittedFile(plan.volume, files) { file throws(StorageError) in
        if let recipe {
          try recipe.make(in: file, plan.subject, for: path)
        } else if content.needsImage {
          try file.setSize(plan.capacity)
        }
        let size = try content.write(to: file, named: path, isZero: true, steps)
        if !content.needsImage { try grow(file, from: size, as: plan) }
        if plan.isPlainlyRaw, plan.isWhole { try file.allocate(to: plan.capacity) }
      }
    }
  }

  /// Only trying tells whether a file system shares blocks.
  package func sharing(of source: VolumeContent, with volume: VolumeDefinition)
    throws(StorageError) -> Sharing
  { .onRequest }

  /// A copy of an overlay is an overlay on the same image then.
  package func create(_ plan: CreationPlan, sharing source: VolumeContent, _ steps: Steps)
    throws(StorageError)
  {
    let files = files(plan.name)
    let path = path(of: plan.name)
    try writeRecord(of: plan, for: files, steps)
    try steps.run("share the blocks of '\(source.descriptor.path)' with '\(path)'") {
      () throws(StorageError) in
      try makeCommittedFile(plan.volume, files) { file throws(StorageError) in
        guard try Copy.reflink(source.descriptor, to: file) else {
          throw StorageError(
            .unsupported, "", "failed to clone files from '\(source.descriptor.path)'",
            reason: "Operation not supported")
        }
        try grow(file, from: source.volume.capacity, as: plan)
      }
    }
  }

  /// Gives a copy the capacity that it is to have, where that is more than the content has.
  private func grow(
    _ file: Descriptor, from size: ByteCount, as plan: CreationPlan
  ) throws(StorageError) {
    guard plan.capacity > size else { return }
    guard !plan.isPlainlyRaw else { return try file.setSize(plan.capacity) }
    try setImageSize(
      of: file, plan.volume, from: size, to: plan.capacity, for: path(of: plan.name))
  }
}
