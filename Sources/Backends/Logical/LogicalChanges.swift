import BlockVolumes
import StorageBackend
import StorageConf
import StorageModel
import StorageOS
import VolumeGroups

/// Resizing and removing volumes; their records, which are tags.
extension LogicalBackend {
  package func record(of name: VolumeName) throws(StorageError) -> VolumeRecord? {
    guard let volume = try report.group(showing: name).volumes[name.text] else { return nil }
    return try RecordTag.record(in: volume.tags)
  }

  package func setRecord(_ record: VolumeRecord?, of name: VolumeName) throws(StorageError) {
    let present = try report.group(showing: name).volumes[name.text]?.tags ?? []
    let old = present.filter { $0.hasPrefix("cistern:volume") }
    let new = try record.flatMap { record throws(StorageError) in
      record == VolumeRecord() ? nil : try RecordTag.tag(record, of: nil)
    }
    guard old != (new.map { [$0] } ?? []) else { return }
    let words = old.flatMap { ["--deltag", $0] } + (new.map { ["--addtag", $0] } ?? [])
    try report.change("lvchange", words + [full(name.text)], of: name)
  }

  package func setProperties(_ settings: LifecycleSettings, of volume: Volume, _ steps: Steps)
    throws(StorageError)
  {
    let mode = settings.isWritable == false ? "r" : "rw"
    try steps.run("run lvchange --permission \(mode) \(full(volume.name.text))") {
      () throws(StorageError) in
      if (settings.isWritable != false) != volume.properties.isWritable {
        try report.change(
          "lvchange", ["--permission", mode, full(volume.name.text)], of: volume.name)
      }
      // LVM's own permission says whether it can be written.
      var record = try self.record(of: volume.name) ?? VolumeRecord()
      record.lifecycle = settings
      record.lifecycle.isWritable = nil
      try setRecord(record, of: volume.name)
    }
  }

  package func exposeCommitted(of volume: Volume, _ steps: Steps) throws(StorageError) {
    try checkContent(of: volume, to: "use")
    guard let found = try report.group(showing: volume.name).volumes[volume.name.text],
      !found.isActive
    else { return }
    try steps.run("activate volume '\(volume.name)'") { () throws(StorageError) in
      try activate(found, of: volume.name)
    }
  }

  package func openCommitted(_ volume: Volume, revision: Revision?) throws(StorageError)
    -> Descriptor
  {
    guard revision == nil else {
      throw StorageError(.unsupported, volume.subject, "changes in place and keeps no revisions")
    }
    try checkContent(of: volume, to: "use")
    if let found = try report.group(showing: volume.name).volumes[volume.name.text] {
      try activate(found, of: volume.name)
    }
    return try Descriptor(readingDevice: path(of: volume.name))
  }

  func remove(_ name: VolumeName) throws(StorageError) {
    // Freed space of ordinary volumes is given back to the devices below.
    try remove(
      [name.text], of: name, options: ["--config", "devices/issue_discards=1"])
  }

  package func delete(_ volume: Volume, _ steps: Steps) throws(StorageError) {
    let group = try report.group(showing: volume.name)
    let snapshots = group.volumes.values.filter {
      $0.origin == volume.name.text && $0.isOldSnapshot
    }
    if let snapshot = snapshots.map(\.name).min() {
      // LVM would remove them with it.
      throw StorageError(.busy, volume.subject, "is the origin of snapshot '\(snapshot)'")
    }
    try steps.run("run lvremove \(full(volume.name.text))") { () throws(StorageError) in
      try remove(volume.name)
    }
  }

  /// One command: the record, which is a tag of the volume, goes with it.
  package func rename(_ volume: Volume, to name: VolumeName, _ steps: Steps) throws(StorageError) {
    try check(name, room: 0)
    let words = [groupName, volume.name.text, name.text]
    try steps.run("run lvrename \(words.joined(separator: " "))") { () throws(StorageError) in
      try report.change("lvrename", words, of: volume.name)
    }
  }

  package func resize(
    _ volume: Volume, to capacity: ByteCount, allocate: Bool, working: Bool, _ steps: Steps
  ) throws(StorageError) {
    let group = try report.group(showing: volume.name)
    guard let found = group.volumes[volume.name.text], !found.isOldSnapshot else {
      throw StorageError(.unsupported, volume.subject, "has the size of its origin; resize that")
    }
    guard !allocate || !found.isThin else {
      throw StorageError(
        .unsupported, volume.subject, "thin volumes get blocks when they are written")
    }
    // What encryption takes for its header stays.
    let size = capacity + room(beside: volume.definition)
    guard size != found.size else { return }
    let words = ["--size", "\(size.bytes)b", full(volume.name.text)]
    try steps.run("run lvresize \(words.joined(separator: " "))") { () throws(StorageError) in
      try report.change("lvresize", ["--yes", "--force"] + words, of: volume.name)
    }
  }
}
