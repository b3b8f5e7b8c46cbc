import StorageModel

/// What a command does on its way, for whoever wants to follow it.
package enum WorkTrace {
  package enum Event: Sendable {
    /// A step of a change begins.
    case step(String)
    /// A program is run, or a command of a library that stands for one.
    case program([String])
    /// A driver process is asked for something.
    case request(driver: String, verb: String)
  }

  // Set once, by the only thread that there is by then.
  nonisolated(unsafe) private static var follower: (@Sendable (Event) -> Void)?

  /// Has each event told, before what it is about is done.
  ///
  /// No event holds a secret: those are never arguments.
  package static func follow(_ follower: @escaping @Sendable (Event) -> Void) {
    self.follower = follower
  }

  package static func tell(_ event: @autoclosure () -> Event) {
    if let follower { follower(event()) }
  }
}
