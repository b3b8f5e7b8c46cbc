import Glibc

/// One thing that libFuzzer throws bytes at.
///
/// A target must neither crash nor hang, whatever the bytes; what it promises besides is said by `require`.
struct Target: Sendable {
  let name: String
  let run: @Sendable ([UInt8]) -> Void

  static let all: [Target] = XMLTargets.all + ConfTargets.all + ImageTargets.all + DriverTargets.all

  /// The one that CISTERN_FUZZ_TARGET names.
  static let chosen: Target = {
    let name = getenv("CISTERN_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = all.first(where: { $0.name == name }) else {
      print("CISTERN_FUZZ_TARGET names one of:", all.map(\.name).joined(separator: " "))
      exit(64)
    }
    return target
  }()
}

/// Ends the run, so that libFuzzer keeps the input, unless a promise holds.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) {
  guard holds else { fatalError(promise()) }
}

/// libFuzzer's own main program, with the function that it calls for each input (FuzzerInterface.h).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main
enum Fuzz {
  static func main() {
    _ = Target.chosen
    var count = CommandLine.argc
    var words = CommandLine.unsafeArgv
    exit(
      runDriver(&count, &words) { start, count in
        Target.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
      })
  }
}
