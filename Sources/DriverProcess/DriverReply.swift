import StorageModel

/// A line from a driver: which request it belongs to, and what it says.
enum DriverReply {
  case progress(Int64, done: ByteCount, total: ByteCount?)
  case item(Int64, Members)
  case answer(Int64, Members)
  case error(Int64, DriverError)

  /// Reads a line, without its end.
  init(_ line: [UInt8]) throws(DriverFault) {
    let value: JSON
    do throws(JSON.Problem) { value = try JSON(reading: line) } catch {
      throw DriverFault("a line that is no JSON: \(error.text)")
    }
    let message = try Members(value, "message")
    let identifier = try message.needed("id", message.number("id", 0...Int64.max))
    if let report = try message.object("progress") {
      self = .progress(
        identifier, done: try report.needed("done", report.size("done")),
        total: try report.size("total"))
    } else if let item = try message.object("item") {
      self = .item(identifier, item)
    } else if let answer = try message.object("ok") {
      self = .answer(identifier, answer)
    } else if let error = try message.object("error") {
      self = .error(identifier, try DriverError(error))
    } else {
      throw DriverFault("a message without 'ok', 'error', 'item' and 'progress'")
    }
  }
}

/// An error that a driver answers with.
struct DriverError {
  private let code: StorageError.Code
  /// Whether the request was given up because it was cancelled.
  let isCancelled: Bool
  private let object: String?
  private let message: String
  private let reason: String?
  private let hint: String?

  /// What `code` may say, besides the words of `StorageError.Code` that a driver can mean.
  private static let cancelled = "cancelled"

  init(_ members: Members) throws(DriverFault) {
    let word = try members.needed("code", members.text("code"))
    isCancelled = word == DriverError.cancelled
    guard let code = isCancelled ? .failure : StorageError.Code(rawValue: word),
      code != .interrupted
    else { throw DriverFault("an error of the unknown code '\(word)'") }
    self.code = code
    message = try members.needed("message", members.text("message"))
    object = try members.text("object")
    reason = try members.text("reason")
    hint = try members.text("hint")
  }

  /// The error as users are told.
  /// - Parameter subject: what it is about where the driver does not say.
  func about(_ subject: String) -> StorageError {
    StorageError(code, object ?? subject, message, reason: reason, hint: hint)
  }
}
