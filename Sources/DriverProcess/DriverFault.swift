import StorageModel

/// What a driver has said that the protocol does not allow.
struct DriverFault: Error {
  let text: String
  init(_ text: String) { self.text = text }
}
