/// The words that may be used about pools of one type and about their volumes, for whoever offers a choice.
package struct PoolCapabilities: Equatable, Sendable {
  /// Words to choose from, and the one that holds where nothing is said.
  package struct Choice: Equatable, Sendable {
    /// In libvirt's order; may be empty where only `standard` is possible.
    package var words: [String]
    package var standard: String
    package init(_ words: [String], standard: String) {
      self.words = words
      self.standard = standard
    }
  }

  /// What `<source><format>` may say; nil where a source of this type has no format.
  package var sourceFormats: Choice?
  /// What `<target><format>` of a volume may say; nil where volumes of this type have none.
  package var volumeFormats: Choice?
  /// The formats that volumes can be made in, the default first; what others make may have any of `volumeFormats`.
  package var creatableFormats: [VolumeFormat]

  /// What the type's documents may say, and every format that volumes of such documents are usually made in.
  package init(of type: PoolType) {
    sourceFormats = type.sourceFormats.map { Choice($0.words, standard: $0.standard) }
    switch type.volumeFormats {
    // libvirt knows one image format only for RBD and lists none (`virsh pool-capabilities` of libvirt 9.0).
    case .images where type == .rbd:
      volumeFormats = Choice([], standard: VolumeFormat.raw.rawValue)
      creatableFormats = [.raw]
    case .images:
      let words = [VolumeFormat.none] + VolumeFormat.images
      volumeFormats = Choice(words.map(\.rawValue), standard: VolumeFormat.raw.rawValue)
      creatableFormats = VolumeFormat.creatable
    case .partitions:
      volumeFormats = Choice(
        VolumeFormat.partitions.map(\.rawValue), standard: VolumeFormat.none.rawValue)
      creatableFormats = VolumeFormat.partitions
    case .none:
      volumeFormats = nil
      creatableFormats = []
    }
  }
}
