package struct BackingReference: Sendable { package var path: String; package var format: VolumeFormat? }
package struct ImageFacts: Sendable {
  package var format: VolumeFormat = .raw
  package var capacity: ByteCount?
  package var backing: BackingReference?
  package var encryption: Encryption?
  package var compat: String?
  package var clusterSize: ByteCount?
  package var features: Set<ImageFeature>?
  package var problem: String?
}
package struct ImageProbe {
  package static func probe(size: ByteCount, read: (Int64, Int) throws -> [UInt8]) rethrows -> ImageFacts { ImageFacts() }
}
