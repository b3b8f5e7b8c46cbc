/// The image below an overlay, as the overlay's header names it.
package struct BackingReference: Equatable, Sendable {
  /// Exactly the header's text: an absolute path, one relative to the overlay's folder, a URI, or `json:…`.
  package var path: String
  /// The recorded format's name in QEMU's words; nil where none is recorded.
  package var formatText: String?

  package init(path: String, formatText: String? = nil) {
    self.path = path
    self.formatText = formatText
  }

  /// What QEMU opens for it.
  package var place: ReferencePlace { ReferencePlace(of: path) }

  /// The name as QEMU resolves it: a relative one from the image's folder; what is no file's name as it is.
  package func resolved(beside image: Path) -> String {
    guard case .file(let name) = place else { return path }
    guard !name.hasPrefix("/") else { return name }
    return image.parent.appending(name.without(prefix: "./").map(String.init) ?? name).text
  }

  /// How an image names another one of its own folder: what QEMU would take for a protocol is made a path.
  package static func relative(_ name: VolumeName) -> String {
    BackingReference(path: name.text).isSpecial ? "./\(name)" : name.text
  }

  /// Whether it names something other than a file: a URI, or `json:…` of more than a file.
  package var isSpecial: Bool {
    guard case .file = place else { return true }
    return false
  }

  /// The recorded format; nil where none is recorded or the toolkit has no word for it.
  ///
  /// With `formatText` set the image below must not be probed, whatever this is.
  package var format: VolumeFormat? {
    switch formatText ?? ReferencePlace.format(of: path) {
    case "parallels": return .ploop
    case "luks", "host_device", "file": return .raw
    case let text: return text.flatMap { VolumeFormat(rawValue: $0) }
    }
  }
}

/// Another file that an image cannot be read without.
package struct FileReference: Hashable, Sendable {
  package enum Role: String, Hashable, Sendable {
    /// The image below an overlay, in libvirt's words.
    case base = "backing store"
    /// Where a qcow2 keeps its data.
    case dataFile = "data file"
    /// One of the files that a VMDK lies in.
    case extent
  }

  package let role: Role
  /// Exactly the header's text.
  package let name: String

  package init(_ role: Role, _ name: String) {
    self.role = role
    self.name = name
  }

  package var place: ReferencePlace { ReferencePlace(of: name) }

  /// Every path that somebody who opens the image may mean by the name.
  ///
  /// A superset: of a name that depends on who opens it, or that is not understood, all that it could be.
  package func candidates(beside image: Path) -> [Path] {
    ReferencePlace.candidates(name, beside: image)
  }
}

/// What QEMU opens for a name in an image's header.
///
/// Source: block.c of QEMU 7.2 (`path_has_protocol`, `bdrv_parse_filename_strip_prefix`, `parse_json_filename`), and
/// trying it. A name whose first colon comes before its first slash has a protocol. What stands behind `file:` is taken
/// as it is, slashes and percent signs included, and where it is relative it is so to the program's own folder, not to
/// the image's; so are names inside `json:`.
package enum ReferencePlace: Equatable, Sendable {
  /// A file; a relative name is meant from the image's folder.
  case file(String)
  /// A file whose name is relative to the folder that the program was started in.
  case unsettled(String)
  /// Something that is no file of this machine: a server's, by a protocol.
  case remote
  /// Text that is not understood here; QEMU may open several files for it.
  case obscure

  package init(of name: String) {
    guard ReferencePlace.hasProtocol(name) else {
      self = .file(name)
      return
    }
    if let local = ReferencePlace.behindPrefix(name) {
      self = local.hasPrefix("/") ? .file(local) : .unsettled(local)
    } else if name.hasPrefix(ReferencePlace.json) {
      self = ReferencePlace.simple(name)?.place ?? .obscure
    } else if ReferencePlace.layers.contains(where: { name.hasPrefix($0) }) {
      self = .obscure
    } else {
      self = .remote
    }
  }

  private static let json = "json:"
  /// Protocols of plain files.
  private static let prefixes = ["file:", "host_device:", "host_cdrom:"]
  /// Protocols in front of files.
  private static let layers = ["blkdebug:", "blkverify:", "fat:", "nvme:"]

  static func hasProtocol(_ name: String) -> Bool {
    name.utf8.first { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") } == UInt8(ascii: ":")
  }

  private static func behindPrefix(_ name: String) -> String? {
    for prefix in prefixes {
      if let rest = name.without(prefix: prefix) { return String(rest) }
    }
    return nil
  }

  /// The one file and the format of `json:{"driver":FORMAT,"file":{"driver":"file","filename":NAME}}`; nil for anything
  /// that says more.
  private static func simple(_ name: String) -> (place: ReferencePlace, format: String)? {
    guard let text = name.without(prefix: json), let values = FlatJSON.values(of: String(text)),
      values.count == 3, let format = values["driver"], let file = values["file.filename"],
      let driver = values["file.driver"], driver == "file" || driver == "host_device"
    else { return nil }
    // A name inside `json:` has no protocol, whatever it looks like.
    return (file.hasPrefix("/") ? .file(file) : .unsettled(file), format)
  }

  /// The format that `json:` text gives; nil for other names.
  static func format(of name: String) -> String? {
    name.hasPrefix(json) ? simple(name)?.format : nil
  }

  /// See `FileReference.candidates`.
  static func candidates(_ name: String, beside image: Path, depth: Int = 0) -> [Path] {
    guard !name.isEmpty, depth < 4 else { return [] }
    func anywhere(_ name: String) -> [Path] {
      // Services are started in the root folder.
      name.hasPrefix("/") ? [Path(name)] : [image.parent.appending(name), Path("/" + name)]
    }
    guard hasProtocol(name) else {
      return name.hasPrefix("/")
        ? [Path(name)] : depth > 0 ? anywhere(name) : [image.parent.appending(name)]
    }
    if let local = behindPrefix(name) { return anywhere(local) }
    if let text = name.without(prefix: json) {
      let values = FlatJSON.values(of: String(text)) ?? [:]
      return values.values.flatMap {
        candidates($0, beside: image, depth: depth + 1) + (hasProtocol($0) ? anywhere($0) : [])
      }
    }
    // The parts, with what follows a question mark apart: `blkverify:/a:/b`, `nbd+unix:///?socket=/a`.
    let parts = name.split { $0 == ":" || $0 == "?" || $0 == "=" || $0 == "&" }.map(String.init)
    return parts.dropFirst().flatMap(anywhere)
  }
}
