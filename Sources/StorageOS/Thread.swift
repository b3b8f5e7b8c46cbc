import Glibc
import StorageModel

/// A piece of work that a thread of its own does while the caller does something else.
///
/// Must be finished before the process forks.
package final class Thread {
  private let work: @Sendable () -> Void
  private var handle: pthread_t?
  private var isFinished = false

  package init(_ work: @escaping @Sendable () -> Void) { self.work = work }

  /// Lets a thread begin with the work, where there can be one.
  package func start() {
    var handle = pthread_t()
    let context = Unmanaged.passRetained(self)
    let failure = pthread_create(
      &handle, nil,
      { context in
        if let context { Unmanaged<Thread>.fromOpaque(context).takeRetainedValue().work() }
        return nil
      }, context.toOpaque())
    if failure == 0 { self.handle = handle } else { context.release() }
  }

  /// Returns when the work is done: by its thread, or by the caller where no thread was started.
  package func finish() {
    guard !isFinished else { return }
    isFinished = true
    if let handle { pthread_join(handle, nil) } else { work() }
  }
}
