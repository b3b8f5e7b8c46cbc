/// How a volume's content is made unreadable, by the words of `--algorithm`.
package enum WipeAlgorithm: String, CaseIterable, Sendable {
  /// One pass of zeroes.
  case zero
  /// Patterns as scrub(1) writes them.
  case nnsa, dod, bsi, gutmann, schneier, pfitzner7, pfitzner33, random
  /// Gives the blocks back without writing.
  case trim
}
