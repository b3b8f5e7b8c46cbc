import StorageBackend
import StorageModel
import StorageOS

/// Which volumes there are.
extension DriverBackend: NamingBackend {
  package func volumes() throws(StorageError) -> VolumeListing {
    var listing = VolumeListing()
    var names: Set<VolumeName> = []
    listing.warnings = try session.ask(
      "volumes",
      item: { item throws(DriverFault) in
        let volume = try self.volume(item)
        guard names.insert(volume.name).inserted else {
          throw DriverFault("volume '\(volume.name)' for a second time")
        }
        listing.volumes.append(volume)
      },
      read: { answer throws(DriverFault) in try answer.texts("warnings") })
    return listing
  }

  package func volume(_ name: VolumeName) throws(StorageError) -> Volume? {
    try session.ask("volume", [("volume", .string(name.text))]) { answer throws(DriverFault) in
      guard let found = try answer.object("volume") else { return nil }
      let volume = try self.volume(found)
      guard volume.name == name else {
        throw DriverFault("volume '\(volume.name)', asked for '\(name)'")
      }
      return volume
    }
  }

  package func volumeNames() throws(StorageError) -> [VolumeName] {
    var names: [VolumeName] = []
    try session.ask(
      "names",
      item: { item throws(DriverFault) in
        names.append(try item.needed("name", item.volumeName("name")))
      }, read: { _ in })
    return names
  }

  /// A volume as the driver tells it.
  func volume(_ members: Members) throws(DriverFault) -> Volume {
    let name = try members.needed("name", members.volumeName("name"))
    var definition = VolumeDefinition(name: name)
    definition.kind = facts.kind
    definition.capacity = try members.size("capacity")
    definition.allocation = try members.size("allocation") ?? 0
    definition.physical = try members.size("physical") ?? definition.allocation
    let path = path(of: name)
    definition.key = try members.text("key") ?? path.text
    definition.target.path = path
    let format = try members.text("format")
    definition.target.format =
      try format.map { word throws(DriverFault) in
        guard let format = VolumeFormat(rawValue: word) else {
          throw DriverFault("the unknown format '\(word)'")
        }
        return format
      } ?? (facts.kind == .file ? .raw : nil)
    definition.target.permissions = try Permissions(members.object("permissions"))
    definition.lifecycle = try LifecycleSettings(members.object("properties"))
    if let changed = try members.text("changed") {
      guard let time = Timestamp(iso8601: changed) else {
        throw DriverFault("the time '\(changed)' is not as YYYY-MM-DDTHH:MM:SSZ")
      }
      definition.target.timestamps = Timestamps(access: time, modification: time, change: time)
    }
    var volume = Volume(
      definition: definition, properties: definition.lifecycle.resolved(with: pool.lifecycle),
      hasCommitted: try members.flag("committed") ?? true,
      hasWorkingCopy: try members.flag("working_copy") ?? false,
      problem: try members.text("problem"))
    volume.isOwnDevice = volume.properties.kind == .inPlace
    volume.isOutdated = try members.flag("outdated") ?? false
    volume.hasRecord = try members.flag("record") ?? true
    volume.hasUnreadableRecord = try members.flag("unreadable_record") ?? false
    volume.hasRecordedFormat = true
    volume.sectorSize = try members.size("sector_size")
    if let text = try members.text("unfinished") {
      guard let unfinished = UnfinishedChange(text: text) else {
        throw DriverFault("'unfinished' is none of: \(UnfinishedChange.expected)")
      }
      volume.take(unfinished, in: pool.name)
    }
    return volume
  }
}
