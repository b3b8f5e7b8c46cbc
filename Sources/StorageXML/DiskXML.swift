import StorageModel

/// The element of a domain document that attaches a volume's device.
package enum DiskXML {
  /// How the hypervisor is told of a device.
  package enum Style: Sendable {
    /// A file, or a block device, that QEMU opens in this format; decrypted by libvirt where it is encrypted.
    case qemu(isDevice: Bool, VolumeFormat, Encryption?)
    /// As Qubes' block_device() says it to Xen, whose hotplug script makes a loop device of a file.
    case xen
  }

  /// `<disk>`, ending in one line feed.
  /// - Parameter target: the name in the guest, such as `vdb`; nil for the usual one of the style.
  package static func write(
    device: Path, style: Style, isReadOnly: Bool, target: String?
  ) -> String {
    var writer = XMLWriter()
    switch style {
    case .qemu(let isDevice, let format, let encryption):
      let name = target ?? "vda"
      let buses = ["vd": "virtio", "sd": "scsi", "hd": "ide", "xvd": "xen"]
      let bus = buses.first { name.hasPrefix($0.key) }.map { [("bus", $0.value)] } ?? []
      let type = isDevice ? "block" : "file"
      writer.element("disk", [("type", type), ("device", "disk")]) { writer in
        writer.empty("driver", [("name", "qemu"), ("type", format.rawValue)])
        let source = [(isDevice ? "dev" : "file", device.text)]
        if let encryption {
          writer.element("source", source) { EncryptionXML.write(encryption, to: &$0) }
        } else {
          writer.empty("source", source)
        }
        writer.empty("target", [("dev", name)] + bus)
        if isReadOnly { writer.empty("readonly") }
      }
    case .xen:
      writer.element("disk", [("type", "block"), ("device", "disk")]) { writer in
        writer.empty("driver", [("name", "phy")])
        writer.empty("source", [("dev", device.text)])
        writer.empty("target", [("dev", target ?? "xvdi")])
        if isReadOnly { writer.empty("readonly") }
        writer.empty("script", [("path", "/etc/xen/scripts/qubes-block")])
      }
    }
    return writer.text
  }
}
