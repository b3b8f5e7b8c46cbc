import StorageHost
import StorageModel
import StorageOS

/// The nodes of zvols: udev's links below /dev/zvol, or, where no udev makes any, the kernel's own /dev/zdN, of which
/// each tells whose it is (ioctl BLKZNAME).
final class ZvolNodes: @unchecked Sendable {
  // Unchecked: commands have one thread.
  private let host: HostFolders
  /// The kernel's nodes by dataset, once they had to be looked through.
  private var found: [ByteString: Path]?

  init(host: HostFolders) { self.host = host }

  /// The link that udev makes: blanks are `+` there, which no name of ZFS has.
  func link(_ dataset: String) -> Path {
    host.dev.appending("zvol").appending(dataset.replacing(" ", by: "+"))
  }

  /// The node of a zvol or of a snapshot of one; nil where there is none at present.
  func node(_ dataset: String) throws(StorageError) -> Path? {
    let link = link(dataset)
    if try FileStatus.ifPresent(link)?.kind == .blockDevice { return link }
    if let found { return found[dataset] }
    let nodes = try scan()
    found = nodes
    return nodes[dataset]
  }

  /// Where a zvol is, or would be.
  func path(_ dataset: String) -> Path { (try? node(dataset)) ?? link(dataset) }

  /// Forgets which nodes there are: a zvol that is made or gets another name has a new one.
  func forget() { found = nil }

  /// Waits until a zvol has its node.
  ///
  /// As long as Qubes' driver does.
  func wait(for dataset: String, subject: String) throws(StorageError) -> Path {
    var path: Path?
    let isThere = try Waiting.upTo(seconds: 10) { () throws(StorageError) in
      forget()
      path = try node(dataset)
      return path != nil
    }
    guard isThere, let path else {
      throw StorageError(
        .failure, subject, "its device did not appear within 10 seconds",
        reason: "neither \(link(dataset)) nor a node of the kernel's is '\(dataset)'")
    }
    return path
  }

  /// The dataset of a node; nil for what is no zvol's.
  func dataset(of path: Path) throws(StorageError) -> String? {
    guard let status = try FileStatus.ifPresent(path), status.kind == .blockDevice else {
      return nil
    }
    let device: Descriptor
    do throws(StorageError) { device = try Descriptor(readingDevice: path) } catch {
      if error.isAbsence || error.isDeviceGone { return nil }
      throw error
    }
    return device.zvolDataset()
  }

  private func scan() throws(StorageError) -> [ByteString: Path] {
    var nodes: [ByteString: Path] = [:]
    for name in try SysFile.names(in: host.sys.appending("block")) where name.hasPrefix("zd") {
      let path = host.dev.appending(name)
      if let dataset = try dataset(of: path) { nodes[ByteString(dataset)] = path }
    }
    return nodes
  }
}
