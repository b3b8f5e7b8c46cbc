import StorageModel
import StorageOS

/// What qemu-img is told an image is.
package enum ImageReference: Sendable {
  /// As users see it: a path, and what is in the file.
  case told(Path, VolumeFormat, key: QemuImage.Key?)
  /// An open image with those below it, the nearest first.
  ///
  /// Each is the file behind a descriptor that the program inherits, in a format that nothing in the file can change,
  /// and below the last one there is nothing: no name in an image is followed.
  case opened([ImageLayer])

  /// The key of the image that is named, not of those below it.
  package var key: QemuImage.Key? {
    switch self {
    case .told(_, _, let key): return key
    case .opened(let layers): return layers.first?.key
    }
  }

  /// As an operand.
  var name: String {
    switch self {
    case .told(let path, _, _): return path.text
    case .opened(let layers): return "json:\(ImageLayer.json(layers[...]))"
    }
  }

  /// The option that tells the format, where the operand does not.
  func formatWords(_ option: String) -> [String] {
    guard case .told(_, let format, let key) = self else { return [] }
    return [option, QemuImage.word(format, encrypted: key != nil)]
  }

  /// As an operand that names an encrypted image's key.
  var options: String {
    guard case .told(let path, let format, let key) = self else { return name }
    let driver = QemuImage.word(format, encrypted: key != nil)
    var text = "driver=\(driver),file.filename=\(path.text.commasDoubled)"
    if let key {
      text += format == .qcow2 ? ",encrypt.key-secret=" : ",key-secret="
      text += key.identifier
    }
    return text
  }
}

/// An open image: one of those that an overlay's content lies in.
package struct ImageLayer: Sendable {
  private let descriptor: Descriptor
  private let format: VolumeFormat
  fileprivate let key: QemuImage.Key?
  private let isDevice: Bool

  /// - Throws: where it cannot be told what kind of file it is.
  package init(_ descriptor: Descriptor, _ format: VolumeFormat, key: QemuImage.Key? = nil)
    throws(StorageError)
  {
    self.descriptor = descriptor
    self.format = format
    self.key = key
    isDevice = try descriptor.status().kind == .blockDevice
  }

  fileprivate static func json(_ layers: ArraySlice<ImageLayer>) -> String {
    guard let layer = layers.first else { return "null" }
    let driver = QemuImage.word(layer.format, encrypted: layer.key != nil)
    var text = #"{"driver":"\#(driver)""#
    if let key = layer.key {
      let option = layer.format == .qcow2 ? "encrypt.key-secret" : "key-secret"
      text += #","\#(option)":"\#(key.identifier)""#
    }
    let file = layer.descriptor.pathForChild
    let reader = layer.isDevice ? "host_device" : "file"
    text += #","file":{"driver":"\#(reader)","filename":"\#(file)"}"#
    return text + #","backing":\#(json(layers.dropFirst()))}"#
  }
}

extension Program {
  /// Runs qemu-img, or another program that makes images, on files that are open here.
  ///
  /// It opens nothing but those, its libraries and files in memory.
  /// - Parameters:
  ///   - files: what the arguments name as `Descriptor.pathForChild`, with what users call them.
  ///   - memory: files in memory, such as passphrases.
  ///   - onOutput: as of `run`.
  /// - Throws: `busy` where somebody has one of them open.
  package func runOnImages(
    _ arguments: [String], _ subject: String, _ files: [(file: Descriptor, name: Path)],
    memory: [Descriptor] = [], onOutput: (([UInt8]) -> Void)? = nil
  ) throws(StorageError) {
    do throws(StorageError) {
      try run(
        arguments, on: subject, keeping: files.map(\.file) + memory,
        isConfined: name == Program.qemuImg.name, onOutput: onOutput)
    } catch {
      var error = error
      if let reason = error.reason {
        if reason.contains("Failed to get ") { error.code = .busy }
        if reason.contains("does not support resize") { error.code = .unsupported }
        var text = reason
        for argument in arguments where argument.hasPrefix("json:") {
          let named = files.first { argument.contains(#""\#($0.file.pathForChild)""#) }
          if let named { text = text.replacing(argument, by: named.name.text) }
        }
        // The longer numbers first: one can begin with another.
        for (file, name) in files.sorted(by: { $0.file.number > $1.file.number }) {
          text = text.replacing(file.pathForChild, by: name.text)
        }
        error.reason = text
      }
      throw error
    }
  }
}
