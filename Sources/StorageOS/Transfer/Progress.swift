import StorageModel

/// How far a long operation has come, told to whoever shows it, at most every so often.
///
/// The code that does the work calls `begin`, `reached` again and again, and `finish`; what is shown, and where, is
/// the business of the one who made it. Used on one thread.
package final class Progress {
  /// One look at the work.
  package struct Report: Equatable, Sendable {
    /// What is being done, in one word: `copy`, `wipe`.
    package let task: String
    /// How much of the content is behind us, holes included.
    package let position: ByteCount
    /// How much there is; nil where that is not known beforehand.
    package let total: ByteCount?
    /// How many bytes were really read and written; less than `position` where there are holes.
    package let moved: ByteCount
    /// Since the beginning of the task.
    package let seconds: Double
    /// Whether all is read and written.
    ///
    /// Bringing it to disk may still take its time.
    package let isComplete: Bool

    package init(
      task: String, position: ByteCount, total: ByteCount?, moved: ByteCount, seconds: Double,
      isComplete: Bool
    ) {
      self.task = task
      self.position = position
      self.total = total
      self.moved = moved
      self.seconds = seconds
      self.isComplete = isComplete
    }

    /// Bytes moved per second since the beginning; nil in the first moment.
    package var rate: ByteCount? {
      guard seconds >= 0.001 else { return nil }
      return ByteCount(Int64(min(Double(moved.bytes) / seconds, 9e18)))
    }

    /// Seconds to go if it goes on like this; nil where that cannot be said.
    package var secondsLeft: Int64? {
      guard let total, position > 0, seconds > 0 else { return nil }
      let left = Double((total - position).bytes) * seconds / Double(position.bytes)
      return left < 1e9 ? Int64(left.rounded(.up)) : nil
    }
  }

  private let interval: Double
  private let clock: () -> Double
  private let show: (Report) -> Void
  private var task = ""
  private var total: ByteCount?
  private var began = 0.0
  private var shown = 0.0

  /// - Parameters:
  ///   - interval: seconds between two reports; the first and the last of a task always come.
  ///   - clock: seconds since some fixed moment.
  package init(
    every interval: Double = 0.2, clock: @escaping () -> Double = Clock.monotonicSeconds,
    show: @escaping (Report) -> Void
  ) {
    self.interval = interval
    self.clock = clock
    self.show = show
  }

  /// Begins a task, after another where that is so.
  package func begin(_ task: String, total: ByteCount?) {
    self.task = task
    self.total = total
    began = clock()
    tell(0, moved: 0, at: began, isComplete: false)
  }

  /// Notes how far the task is; positions only grow.
  package func reached(_ position: Int64, moved: Int64) {
    let now = clock()
    guard now - shown >= interval else { return }
    tell(position, moved: moved, at: now, isComplete: false)
  }

  /// Notes that the task is done.
  package func finish(_ position: Int64, moved: Int64) {
    tell(position, moved: moved, at: clock(), isComplete: true)
  }

  private func tell(_ position: Int64, moved: Int64, at now: Double, isComplete: Bool) {
    shown = now
    show(
      Report(
        task: task, position: ByteCount(position), total: total, moved: ByteCount(moved),
        seconds: now - began, isComplete: isComplete))
  }
}
