import StorageConf
import StorageModel

/// A volume's record as a tag of LVM's.
///
/// A tag is one word of letters, digits and `_+.-/=!:&#`, up to 1024 bytes (lvm(8), "TAGS"). It is
/// `cistern:volume/KEY=VALUE/KEY=VALUE`; in a thin pool, which keeps the records of its volumes,
/// `cistern:volume:NAME/KEY=VALUE`. Other bytes are written as `&` and two hexadecimal digits.
enum RecordTag {
  private static let prefix = "cistern:volume"

  /// The record among the tags of a volume; nil where there is none.
  static func record(in tags: [String]) throws(StorageError) -> VolumeRecord? {
    guard let tag = tags.first(where: { $0.hasPrefix(prefix + "/") || $0 == prefix }) else {
      return nil
    }
    return try record(tag)
  }

  /// The tag of a volume's record among those of its thin pool; nil where there is none.
  static func tag(of name: VolumeName, in tags: [String]) -> String? {
    let start = "\(prefix):\(name)"
    return tags.first { $0 == start || $0.hasPrefix(start + "/") }
  }

  /// The names that a thin pool's tags have records of.
  static func names(in tags: [String]) -> [VolumeName] {
    tags.compactMap { tag in
      guard let rest = tag.without(prefix: prefix + ":") else { return nil }
      return VolumeName(found: String(rest.cut(at: "/")?.before ?? rest))
    }
  }

  static func record(_ tag: String) throws(StorageError) -> VolumeRecord {
    var text = "[volume]\n"
    for part in tag.split(separator: "/").dropFirst() {
      text += part.unescaped("&", digits: 2, radix: 16) + "\n"
    }
    do throws(ConfProblem) {
      return try VolumeRecord.read(Array(text.utf8), file: "tag")
    } catch {
      throw StorageError(.badInput, "", "its tag '\(tag)' cannot be read", reason: error.text)
    }
  }

  /// The tag that holds a record.
  /// - Parameter name: the volume, in the tag of a thin pool.
  static func tag(_ record: VolumeRecord, of name: VolumeName?) throws(StorageError) -> String {
    let text: String
    do throws(ConfProblem) { text = try record.text(file: "tag") } catch {
      throw StorageError(.badInput, "", error.text)
    }
    var tag = prefix + (name.map { ":\($0)" } ?? "")
    for line in text.split(separator: "\n") {
      guard let (key, value) = line.cut(at: "=") else { continue }
      tag += "/\(key.trimmed)=\(value.trimmed.escaping("&"))"
    }
    guard tag.utf8.count <= 1024 else {
      throw StorageError(.badInput, "", "its properties are too long for a tag of LVM's")
    }
    return tag
  }
}
