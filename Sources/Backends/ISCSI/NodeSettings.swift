import StorageModel
import StorageOS

/// What a record of a target is to say besides what iscsiadm wrote.
struct NodeSettings {
  /// Seconds that a login may take, all attempts together.
  var seconds: Int
  var userName: String?
  var password: SecretBytes?

  /// The lines of a record with these settings in place of its own, but for the password, and the line that ends it.
  func record(from text: String) -> (head: String, end: String) {
    let replaced = [
      "node.session.auth.authmethod", "node.session.auth.username", "node.session.auth.password",
      "node.session.auth.username_in", "node.session.auth.password_in",
      "node.session.initial_login_retry_max", "node.conn[0].timeo.login_timeout", "node.startup",
      "node.conn[0].startup",
    ]
    var kept: [Substring] = []
    var end = "# END RECORD\n"
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# END RECORD") {
        end = line + "\n"
      } else if !replaced.contains((line.cut(at: "=")?.before ?? line).trimmed) {
        kept.append(line)
      }
    }
    var head = kept.joined(separator: "\n") + "\n"
    // One attempt of that length: the daemon gives up when it is over.
    head += "node.session.initial_login_retry_max = 1\n"
    head += "node.conn[0].timeo.login_timeout = \(seconds)\n"
    // What a crash leaves is not logged into by the next boot.
    head += "node.startup = manual\nnode.conn[0].startup = manual\n"
    if let userName {
      head += "node.session.auth.authmethod = CHAP\nnode.session.auth.username = \(userName)\n"
    } else {
      head += "node.session.auth.authmethod = None\n"
    }
    return (head, end)
  }
}
