import Glibc
import StorageModel

/// The same work for many things, on all processors.
package enum Parallel {
  /// With fewer things for each, a thread costs more than it saves.
  private static let leastShare = 250
  private static let mostThreads = 8

  /// What the work gives for each element that it gives something for, in the elements' order.
  ///
  /// Few elements are worked on by the caller alone. No thread is left when it returns, so that the process may fork
  /// afterwards.
  /// - Parameter work: called once for each element, by several threads at a time.
  package static func compactMap<Element: Sendable, Outcome: Sendable>(
    _ elements: [Element], _ work: @escaping @Sendable (Element) -> Outcome?
  ) -> [Outcome] {
    let count = min(mostThreads, Process.processors, elements.count / leastShare)
    guard count > 1 else { return elements.compactMap(work) }
    let bounds = (0...count).map { elements.count * $0 / count }
    // Outcomes can be large: they are made where they stay, and moved together where there are gaps.
    return Array(unsafeUninitializedCapacity: elements.count) { buffer, filled in
      guard let places = buffer.baseAddress else { return }
      var made = Array(repeating: 0, count: count)
      made.withUnsafeMutableBufferPointer { made in
        // Each thread writes to places of its own, and all have ended before anybody reads.
        nonisolated(unsafe) let (places, made) = (places, made)
        let threads = (0..<count).map { number in
          Thread {
            for element in elements[bounds[number]..<bounds[number + 1]] {
              guard let outcome = work(element) else { continue }
              (places + bounds[number] + made[number]).initialize(to: outcome)
              made[number] += 1
            }
          }
        }
        threads.dropFirst().forEach { $0.start() }
        threads.forEach { $0.finish() }
      }
      for (start, made) in zip(bounds, made) {
        (places + filled).moveInitialize(from: places + start, count: made)
        filled += made
      }
    }
  }
}
