import Operations
import Secrets
import StorageModel
import StorageXML

extension Command {
  static let secretDumpXML = Command(
    "secret-dumpxml", "Print what is defined of a secret as an XML document.", .reads,
    [.secret, .xpath, .wrap],
    example: "secret-dumpxml $uuid"
  ) { tool throws(StorageError) in
    let record = try tool.storage.secrets.secret(matching: tool.arguments.required("secret"))
    let text = try tool.selected(from: SecretXML.write(record.definition))
    try tool.report(
      text,
      json: (
        "secret-dumpxml",
        [("secret", .string("\(record.definition.uuid)")), ("xml", .string(text))]
      ))
  }
}
