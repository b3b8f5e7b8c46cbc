import StorageModel
import StorageOS

/// The command lines of qemu-img that make images, in the words and order that libvirt uses (qemu-img(1)).
package struct QemuImage: Sendable {
  /// How much of an image gets its place at once.
  package enum Preallocation: String, Sendable { case metadata, falloc }

  /// An encrypted image's key: what qemu-img calls it, and the file it reads it from.
  package struct Key: Sendable {
    package var identifier: String
    package var file: String
    package init(identifier: String, file: String) {
      self.identifier = identifier
      self.file = file
    }
    fileprivate var arguments: [String] {
      ["--object", "secret,id=\(identifier),file=\(file.commasDoubled)"]
    }
  }

  package var format: VolumeFormat
  /// nil where the image below gives the size.
  package var capacity: ByteCount?
  package var backing: BackingStore?
  package var preallocation: Preallocation?
  package var noCopyOnWrite = false
  package var compat: String?
  package var clusterSize: ByteCount?
  package var features: Set<ImageFeature> = []
  package var encryption: Encryption?
  package var key: Key?

  package init(format: VolumeFormat, capacity: ByteCount?) {
    self.format = format
    self.capacity = capacity
  }

  /// What qemu-img calls a format.
  package static func word(_ format: VolumeFormat, encrypted: Bool = false) -> String {
    switch format {
    case .ploop: return "parallels"
    case .vhd: return "vpc"
    default: return format.isRaw ? (encrypted ? "luks" : "raw") : format.rawValue
    }
  }

  private var word: String {
    QemuImage.word(format, encrypted: encryption != nil || key != nil)
  }

  /// `create`: the size is rounded up to KiB.
  package func creation(at path: String) -> [String] {
    var words = ["create", "-f", word]
    // Not opened: what is below has been looked at, on descriptors, and anything else could be there by now.
    if let backing { words += ["-u", "-b", backing.path] }
    if let key { words += key.arguments }
    words += optionWords(backing: backing)
    words.append(path)
    if let capacity { words.append("\(capacity.roundedUp(to: 1024).bytes / 1024)K") }
    return words
  }

  /// `convert` into an image of this format that is there already, at least as large.
  /// - Parameter isZero: whether it is known to read as zeroes, which are not written then.
  package func filling(_ target: ImageReference, from source: ImageReference, isZero: Bool)
    -> [String]
  {
    let zero = isZero ? ["--target-is-zero"] : []
    guard key != nil || source.key != nil else {
      return ["convert", "-n"] + zero + source.formatWords("-f")
        + ["-O", word, source.name, target.name]
    }
    var words = ["convert"]
    if case .told = source { words.append("--image-opts") }
    words.append("-n")
    if case .told = target { words.append("--target-image-opts") } else { words += ["-O", word] }
    words += zero + (key?.arguments ?? []) + (source.key?.arguments ?? [])
    return words + [source.options, target.options]
  }

  /// `resize`: the size is rounded up to 512 bytes.
  package static func resizing(
    _ image: ImageReference, to capacity: ByteCount, shrink: Bool, key: Key?
  ) -> [String] {
    var words = ["resize"]
    if shrink { words.append("--shrink") }
    if let key {
      if case .told = image { words.append("--image-opts") }
      words += key.arguments + [image.options]
    } else {
      words += image.formatWords("-f") + [image.name]
    }
    return words + ["\(capacity.roundedUp(to: 512).bytes)"]
  }

  /// `rebase`: only the name in the header changes, and what it names is not opened.
  package static func renaming(
    backing: BackingStore, of path: String, _ format: VolumeFormat
  ) -> [String] {
    [
      "rebase", "-u", "-f", word(format), "-b", backing.path, "-F", word(backing.format ?? .raw),
      path,
    ]
  }

  private func optionWords(backing: BackingStore?) -> [String] {
    var options: [String] = []
    if let backing { options.append("backing_fmt=\(QemuImage.word(backing.format ?? .raw))") }
    if let encryption, let key { options += keyOptions(encryption, key) }
    if let preallocation { options.append("preallocation=\(preallocation.rawValue)") }
    if noCopyOnWrite { options.append("nocow=on") }
    if let compat { options.append("compat=\(compat)") }
    if let clusterSize { options.append("cluster_size=\(clusterSize.bytes)") }
    options += ImageFeature.allCases.filter(features.contains).map { "\($0.rawValue)=on" }
    return options.isEmpty ? [] : ["-o", options.joined(separator: ",")]
  }

  private func keyOptions(_ encryption: Encryption, _ key: Key) -> [String] {
    let prefix = format == .qcow2 ? "encrypt." : ""
    var options = format == .qcow2 ? ["encrypt.format=luks"] : []
    options.append("\(prefix)key-secret=\(key.identifier)")
    if let cipher = encryption.cipher {
      options.append("\(prefix)cipher-alg=\(cipher.name)-\(cipher.size)")
      if let mode = cipher.mode { options.append("\(prefix)cipher-mode=\(mode)") }
      if let hash = cipher.hash { options.append("\(prefix)hash-alg=\(hash)") }
    }
    if let generator = encryption.ivGenerator {
      options.append("\(prefix)ivgen-alg=\(generator.name)")
      if let hash = generator.hash { options.append("\(prefix)ivgen-hash-alg=\(hash)") }
    }
    return options
  }
}

extension String {
  /// How QEMU's option lists write a comma inside a value.
  var commasDoubled: String {
    split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
  }
}
