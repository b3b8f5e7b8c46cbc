import StorageBackend
import StorageHost
import StorageModel
import StorageOS

/// The cases about messages, whatever the driver is able to do.
extension DriverConformance {
  static var messages: [Case] {
    [
      Case("a later version beside this one: this one is chosen") { suite throws(StorageError) in
        let line = #"{"id":1,"verb":"hello","versions":[1,2,77],"future":{"a":[null,1.0e0]}}"#
        let reply = try suite.exchange([line.replacing("1.0e0", by: "1")])
        try suite.expect(reply.contains(#""version":1"#) || reply.contains(#""version": 1"#), reply)
      },
      Case("a later version alone is refused") { suite throws(StorageError) in
        let reply = try suite.exchange([#"{"id":1,"verb":"hello","versions":[2]}"#])
        try suite.expect(reply.contains(#""error""#), "it was answered with \(reply)")
      },
      Case("an unknown verb is refused, and the next request is answered") {
        suite throws(StorageError) in
        let backend = try suite.backend()
        let error = suite.failure { () throws(StorageError) in try backend.session.tell("levitate")
        }
        try suite.expect(error?.code == .unsupported, "expected the error 'unsupported'")
        try backend.session.tell("stop")
      },
      Case("an unknown member is passed over") { suite throws(StorageError) in
        try suite.started().session.tell("reach", [("future", .array([.null]))])
      },
      Case("a request of nearly 1 MiB is answered") { suite throws(StorageError) in
        let text = String(repeating: "x", count: DriverSession.longestLine - 200)
        try suite.started().session.tell("reach", [("future", .string(text))])
      },
      Case("a line that is no JSON is refused, or ends the driver") { suite throws(StorageError) in
        _ = try suite.exchange(["hello there"])
      },
      Case("a verb without its members is refused") { suite throws(StorageError) in
        let backend = try suite.started()
        let error = suite.failure { () throws(StorageError) in try backend.session.tell("volume") }
        try suite.expect(
          error != nil && !backend.session.hasFailed, "it was done, or the driver ended")
        try backend.session.tell("reach")
      },
      Case("cancelling what is done already is no error") { suite throws(StorageError) in
        try suite.backend().session.tell("cancel", [("of", .integer(1))])
      },
      Case("descriptors that nobody asked for do no harm") { suite throws(StorageError) in
        let backend = try suite.started()
        let hole = try Descriptor(hole: 1)
        for _ in 0..<50 { try backend.session.tell("reach", sending: [hole, hole, hole]) }
      },
      Case("a closed socket ends the driver") { suite throws(StorageError) in
        try suite.expectEnd(after: #"{"id":1,"verb":"hello","versions":[1]}"# + "\n")
      },
      Case("a cut line and a closed socket end the driver") { suite throws(StorageError) in
        try suite.expectEnd(after: #"{"id":1,"verb":"hel"#)
      },
      Case("a socket closed while it answers ends the driver") { suite throws(StorageError) in
        let open = JSON.members([
          ("id", .integer(2)), ("verb", .string("open")), ("pool", suite.pool.told),
        ]).text
        let asked = (3...40).map { #"{"id":\#($0),"verb":"volumes"}"# }.joined(separator: "\n")
        try suite.expectEnd(
          after: #"{"id":1,"verb":"hello","versions":[1]}"# + "\n\(open)\n\(asked)\n")
      },
      Case(
        "a socket closed between 'replace' and 'keep' leaves the old content",
        [.createVolumes, .transferVolumes]
      ) { suite throws(StorageError) in
        try suite.make("one", suite.started(), text: "first")
        try suite.beginReplacing("one", suite.backend())
        let backend = try suite.backend()
        try backend.sweep(try suite.name("one"), Steps())
        let volume = try suite.volume("one", backend)
        if backend.replacesAtomically {
          let text = try suite.text(of: volume, backend)
          try suite.expect(text == "first", "it holds '\(text)'")
        }
        try suite.put("second", into: volume, backend)
        try suite.expect(
          try suite.text(of: volume, backend) == "second", "nothing can be imported any more")
      },
      Case(
        "content without its descriptor, or of nothing, is refused",
        [.createVolumes, .transferVolumes]
      ) { suite throws(StorageError) in
        let backend = try suite.started()
        let volume = try suite.make("one", backend, text: "first")
        var requests = [("read", [("volume", JSON.string("nobody"))])]
        if backend.facts.contentWay == .copy {
          let named = [("volume", JSON.string(volume.name.text))]
          requests += [
            ("read", named), ("replace", named + [("content", .bytes(DriverConformance.size))]),
          ]
        }
        for (verb, members) in requests {
          let error = suite.failure { () throws(StorageError) in
            try backend.session.tell(verb, members)
          }
          try suite.expect(error != nil, "'\(verb)' was done")
          try suite.expect(!backend.session.hasFailed, "the driver ended at '\(verb)'")
        }
        try suite.expect(
          try suite.text(of: volume, backend) == "first", "it is not as it was")
      },
      Case("names that lead elsewhere are refused") { suite throws(StorageError) in
        let backend = try suite.started()
        for name in ["../x", "/etc/passwd", "a/b", "..", ".", "", ".hidden"] {
          let found = suite.value { () throws(StorageError) in
            try backend.session.ask("volume", [("volume", .string(name))]) { $0.has("volume") }
          }
          try suite.expect(found != true, "there is a volume '\(name)'")
          try suite.expect(!backend.session.hasFailed, "the driver ended at '\(name)'")
        }
      },
      Case("sizes beyond what there is are refused", [.createVolumes]) {
        suite throws(StorageError) in
        let backend = try suite.started()
        for size in ["9223372036854775808", "-1", "1e3", ""] {
          let error = suite.failure { () throws(StorageError) in
            try backend.session.tell(
              "create",
              [
                ("volume", .string("huge")), ("capacity", .string(size)),
                ("allocation", .string("0")), ("save_state", .boolean(true)),
                ("properties", .object([])),
              ])
          }
          try suite.expect(error != nil, "a volume of '\(size)' bytes was made")
          try suite.expect(!backend.session.hasFailed, "the driver ended at '\(size)'")
          let left = try backend.volume(try suite.name("huge"))
          try suite.expect(left == nil, "a volume of '\(size)' bytes is listed")
        }
        try backend.sweep(try suite.name("huge"), Steps())
        let left = suite.value { () throws(StorageError) in try suite.leftovers(backend) }
        try suite.expect(left?.isEmpty != false, "something is left of it")
      },
    ]
  }

  /// Sends lines to a driver that was just started.
  /// - Returns: what it answers first; nothing where it ends.
  private func exchange(_ lines: [String]) throws(StorageError) -> String {
    let process = try SpeakingProcess(program, environment: DriverSession.environment)
    _ = try process.send(
      Array((lines.joined(separator: "\n") + "\n").utf8), within: host.answerTimeout)
    let end = Clock.monotonicSeconds() + host.answerTimeout
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") {
      switch try process.receive(until: end, heedingInterruption: true) {
      case .bytes(let bytes, _): line += bytes
      case .end: return ""
      default: throw unexpected("it did not answer")
      }
    }
    return String(decoding: line, as: UTF8.self)
  }

  private func expectEnd(after text: String) throws(StorageError) {
    let process = try SpeakingProcess(program, environment: DriverSession.environment)
    _ = try process.send(Array(text.utf8), within: host.answerTimeout)
    try expect(process.end(within: 2) != "was killed", "it went on for 2 seconds")
  }

  /// Has a replacement begun, and goes away in the middle of it.
  private func beginReplacing(_ name: String, _ backend: DriverBackend) throws(StorageError) {
    guard backend.facts.contentWay == .open else { return }
    let name = try self.name(name)
    let file = try backend.session.open(
      "replace",
      [("volume", .string(name.text)), ("content", .bytes(DriverConformance.size))],
      named: backend.path(of: name), writing: true)
    try file.write([UInt8](repeating: 1, count: 4096))
  }

  func failure(_ body: () throws(StorageError) -> Void) -> StorageError? {
    do throws(StorageError) { try body() } catch { return error }
    return nil
  }

  /// What a question is answered with; nil where that is an error.
  func value<Value>(_ body: () throws(StorageError) -> Value) -> Value? {
    do throws(StorageError) { return try body() } catch { return nil }
  }
}
