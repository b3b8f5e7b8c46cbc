import StorageModel

/// Where a logical unit is: host, channel, target and unit, the four numbers that Linux names it by.
package struct UnitAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let host: UInt32
  package let channel: UInt32
  package let target: UInt32
  package let unit: UInt64

  package init(host: UInt32, channel: UInt32, target: UInt32, unit: UInt64) {
    self.host = host
    self.channel = channel
    self.target = target
    self.unit = unit
  }

  /// Reads `H:C:T:L`, the name of a unit in /sys/bus/scsi/devices; nil for hosts and targets, which are there too.
  package init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 4, let host = UInt32(parts[0]), let channel = UInt32(parts[1]),
      let target = UInt32(parts[2]), let unit = UInt64(parts[3])
    else { return nil }
    self.init(host: host, channel: channel, target: target, unit: unit)
  }

  /// The unit of a host that a volume's name means; nil for a name that no unit has.
  package init?(volume name: VolumeName, ofHost host: UInt32) {
    guard let rest = name.text.without(prefix: "unit:"),
      let address = UnitAddress("\(host):\(rest)"), address.volumeName == name
    else { return nil }
    self = address
  }

  package var description: String { "\(host):\(channel):\(target):\(unit)" }

  /// The name that libvirt gives its volume: `unit:C:T:L`.
  package var volumeName: VolumeName? { VolumeName(found: "unit:\(channel):\(target):\(unit)") }

  package static func < (left: UnitAddress, right: UnitAddress) -> Bool {
    (left.host, left.channel, left.target, left.unit)
      < (right.host, right.channel, right.target, right.unit)
  }
}
