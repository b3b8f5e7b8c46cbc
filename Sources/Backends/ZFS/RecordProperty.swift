import StorageConf
import StorageModel

/// A volume's record as one user property: `KEY=VALUE;KEY=VALUE`, where other bytes than letters, digits and `_+.-` are
/// `%` and two hexadecimal digits.
enum RecordProperty {
  /// What no property can be longer than (zfsprops(7), "User Properties").
  private static let longest = 8191

  /// The record in a property; nil where there is none.
  static func record(_ property: String?) throws(StorageError) -> VolumeRecord? {
    guard let property, !property.isEmpty else { return nil }
    var text = "[volume]\n"
    for part in property.split(separator: ";") {
      text += part.unescaped("%", digits: 2, radix: 16) + "\n"
    }
    do throws(ConfProblem) {
      return try VolumeRecord.read(Array(text.utf8), file: UserProperty.record)
    } catch {
      throw StorageError(
        .badInput, "", "its property '\(UserProperty.record)' cannot be read", reason: error.text)
    }
  }

  /// The property that holds a record; nil for one that says nothing.
  static func text(_ record: VolumeRecord) throws(StorageError) -> String? {
    guard record != VolumeRecord() else { return nil }
    let text: String
    do throws(ConfProblem) { text = try record.text(file: UserProperty.record) } catch {
      throw StorageError(.badInput, "", error.text)
    }
    let parts = text.split(separator: "\n").compactMap { line in
      line.cut(at: "=").map { "\($0.before.trimmed)=\($0.after.trimmed.escaping("%"))" }
    }
    let property = parts.joined(separator: ";")
    guard property.utf8.count <= longest else {
      throw StorageError(.badInput, "", "its properties are too long for one of ZFS")
    }
    return property
  }
}
