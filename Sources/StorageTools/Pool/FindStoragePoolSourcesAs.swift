import Operations
import StorageModel
import StorageXML

extension Command {
  static let findStoragePoolSourcesAs = Command(
    "find-storage-pool-sources-as",
    "Find sources for pools of a type, given options.", .reads,
    [
      .required("type", "TYPE", "Type of the pools: logical, netfs, iscsi and so on.", .poolType),
      .optional("host", "HOST", "Host to ask."),
      .optional("port", "PORT", "Port of the host; nothing without a host.", .number),
      .optional("initiator", "IQN", "iSCSI initiator to ask as; nothing without a host."),
      .timeout,
    ],
    example: "find-storage-pool-sources-as netfs nas.example.org"
  ) { tool throws(StorageError) in
    let arguments = tool.arguments
    for name in ["host", "port", "initiator"] where arguments.value(name)?.isEmpty == true {
      throw Arguments.usage("Failed to get option '\(name)': Option argument is empty")
    }
    let finder = try tool.sourceFinder()
    var query: PoolSource?
    if let host = arguments.value("host") {
      let document = SourcesXML.query(
        host: host, port: arguments.value("port"), initiator: arguments.value("initiator"))
      query = try finder.query(Array(document.utf8), file: "options")
    }
    try tool.reportSources(finder, query)
  }
}
