import CDevmapper
import StorageModel
import StorageOS

/// The multipath maps of device mapper; wraps libdevmapper, which is loaded at first use.
enum MultipathMaps {
  /// One map.
  struct Map: Equatable {
    let name: String
    /// What its maker calls it for good: `mpath-` and the identity of the unit, where multipathd made it.
    let uuid: String
    let device: DeviceNumber
    let size: ByteCount
    /// Its paths, as `8:16`, and whether each works.
    let paths: [(device: String, isActive: Bool)]

    static func == (left: Map, right: Map) -> Bool {
      left.name == right.name && left.uuid == right.uuid && left.device == right.device
        && left.size == right.size && left.paths.elementsEqual(right.paths, by: ==)
    }

    /// Whether some of its paths failed, but not all.
    var isImpaired: Bool { paths.contains(where: \.isActive) && !paths.allSatisfy(\.isActive) }

    /// How many paths failed, in words.
    var impairment: String {
      "\(paths.filter { !$0.isActive }.count) of the \(paths.count) paths of map '\(name)' failed"
    }

    /// The kernel's name of its device.
    var kernelName: String { "dm-\(device.minor)" }
  }

  /// All maps that consist of multipath targets only, in the order of their minor numbers.
  /// - Throws: `unsupported` where the library or device mapper itself is missing; `permission` for who may not ask.
  static func all() throws(StorageError) -> [Map] {
    var problem = [CChar](repeating: 0, count: 512)
    guard shim_dm_load(&problem, problem.count) == 0 else {
      throw StorageError(
        .unsupported, "", "cannot load libdevmapper: \(text(problem))",
        reason: "install the package libdevmapper1.02.1")
    }
    var targets: [Target] = []
    let result = withUnsafeMutablePointer(to: &targets) { list in
      shim_dm_targets(
        { context, name, uuid, major, minor, sectors, type, status in
          guard let name, let uuid, let type, let status else { return }
          context?.assumingMemoryBound(to: [Target].self).pointee.append(
            Target(
              name: String(cString: name), uuid: String(cString: uuid),
              device: DeviceNumber(major: major, minor: minor), sectors: sectors,
              type: String(cString: type), status: String(cString: status)))
        }, list, &problem, problem.count)
    }
    guard result == 0 else {
      throw StorageError(
        Process.isRoot ? .unsupported : .permission, "", "cannot list the maps of device mapper",
        reason: text(problem), hint: "Load its module: modprobe dm-multipath")
    }
    return maps(of: targets)
  }

  /// A part of a map, as `dmsetup status` shows it.
  struct Target {
    let name: String
    let uuid: String
    let device: DeviceNumber
    let sectors: UInt64
    let type: String
    let status: String
  }

  static func maps(of targets: [Target]) -> [Map] {
    Dictionary(grouping: targets, by: \.device).values.compactMap { parts in
      guard let first = parts.first, parts.allSatisfy({ $0.type == "multipath" }) else {
        return nil
      }
      let sectors = parts.reduce(UInt64(0)) { $0 &+ $1.sectors }
      return Map(
        name: first.name, uuid: first.uuid, device: first.device,
        size: ByteCount(exactly: sectors.multipliedReportingOverflow(by: 512).partialValue)
          ?? .maximum,
        paths: parts.flatMap { paths(in: $0.status) })
    }.sorted { $0.device.minor < $1.device.minor }
  }

  /// The paths in a target's status: each device number is followed by `A` for active or `F` for failed (Linux,
  /// dm-mpath).
  static func paths(in status: String) -> [(device: String, isActive: Bool)] {
    let words = status.split(separator: " ")
    return zip(words, words.dropFirst()).compactMap { device, state in
      guard device.contains(":"), state == "A" || state == "F" else { return nil }
      return (String(device), state == "A")
    }
  }

  private static func text(_ bytes: [CChar]) -> String {
    String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
