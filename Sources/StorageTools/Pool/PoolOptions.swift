import Operations
import StorageModel
import StorageXML

extension Parameter {
  /// What stands for the document of a pool, in virsh's order.
  static let poolOptions: [Parameter] = [
    .required("name", "NAME", "Name of the pool."),
    .required(
      "type", "TYPE", "Type of the pool, such as dir, netfs or logical.", .poolType),
    .optional("source-host", "HOST", "Host that the source is on."),
    .optional("source-path", "PATH", "Path on the source host."),
    .optional("source-dev", "DEVICE", "Device that is the source."),
    .optional("source-name", "NAME", "Name of the source."),
    .optional("target", "PATH", "Where the volumes appear."),
    .optional("source-format", "FORMAT", "Format of the source.", .sourceFormat),
    .optional("auth-type", "TYPE", "Kind of authentication: chap or ceph.", .authenticationType)
      .rare,
    .optional("auth-username", "USER", "User to authenticate as.").rare,
    .optional("secret-usage", "USAGE", "Secret, by its usage.").rare,
    .optional("secret-uuid", "UUID", "Secret, by its UUID.").rare,
    .optional("adapter-name", "NAME", "Name of the SCSI adapter.").rare,
    .optional("adapter-wwnn", "WWN", "World wide node name of the adapter.").rare,
    .optional("adapter-wwpn", "WWN", "World wide port name of the adapter.").rare,
    .optional("adapter-parent", "NAME", "Parent of the adapter.").rare,
    .optional("adapter-parent-wwnn", "WWN", "World wide node name of the parent.").rare,
    .optional("adapter-parent-wwpn", "WWN", "World wide port name of the parent.").rare,
    .optional("adapter-parent-fabric-wwn", "WWN", "Fabric name of the parent.").rare,
    .optional("source-protocol-ver", "VERSION", "NFS version of the source.").rare,
    .optional("source-initiator", "IQN", "iSCSI initiator.").rare,
    .flag("print-xml", "Print the XML document and change nothing.").rare,
    .named(
      "driver", "DRIVER", "Layout, or the name of a driver process.", .fileDriver),
    .named("thin-pool", "NAME", "Thin pool that the volumes are in.").rare,
    .named("revisions-to-keep", "N", "Revisions that volumes keep: -1, 0 or more."),
  ]
}

extension Tool {
  /// The document that the options stand for.
  func poolDocument() throws(StorageError) -> String {
    PoolXML.document(from: try poolOptions())
  }

  /// The pool that the options stand for.
  func poolFromOptions() throws(StorageError) -> PoolDefinition {
    let bytes = Array(try poolDocument().utf8)
    do throws(XMLProblem) {
      return try PoolXML.document(bytes, file: "options", validate: false).pool
    } catch {
      throw StorageError(.badInput, "", error.message)
    }
  }

  private func poolOptions() throws(StorageError) -> PoolOptions {
    guard arguments.value("secret-usage") == nil || arguments.value("secret-uuid") == nil else {
      throw Arguments.usage("Options --secret-usage and --secret-uuid are mutually exclusive")
    }
    // A lone dash holds a position open, as in `pool-define-as default dir - - - - /path`.
    func value(_ name: String) -> String? { arguments.value(name).flatMap { $0 == "-" ? nil : $0 } }
    var options = PoolOptions(
      name: arguments.required("name"), type: arguments.required("type"))
    options.sourceHost = value("source-host")
    options.sourcePath = value("source-path")
    options.sourceDev = value("source-dev")
    options.sourceName = value("source-name")
    options.target = value("target")
    options.sourceFormat = value("source-format")
    options.authType = value("auth-type")
    options.authUsername = value("auth-username")
    options.secretUsage = value("secret-usage")
    options.secretUUID = value("secret-uuid")
    options.adapterName = value("adapter-name")
    options.adapterWWNN = value("adapter-wwnn")
    options.adapterWWPN = value("adapter-wwpn")
    options.adapterParent = value("adapter-parent")
    options.adapterParentWWNN = value("adapter-parent-wwnn")
    options.adapterParentWWPN = value("adapter-parent-wwpn")
    options.adapterParentFabricWWN = value("adapter-parent-fabric-wwn")
    options.sourceProtocolVersion = value("source-protocol-ver")
    options.sourceInitiator = value("source-initiator")
    if let text = value("driver") {
      if let driver = FileDriver(rawValue: text) {
        options.lifecycle.driver = driver
      } else {
        guard let process = DriverName(text) else {
          let known = FileDriver.allCases.map(\.rawValue).joined(separator: ", ")
          throw StorageError(
            .badInput, "--driver",
            "unknown driver '\(text)': expected \(known), or the name of a driver process")
        }
        options.lifecycle.process = PoolProcess(process)
      }
    }
    if let name = value("thin-pool") {
      guard LVMName.isLegal(name) else {
        throw StorageError(
          .badInput, "--thin-pool",
          "'\(name)' is no name of LVM's: expected letters, digits and '+_.-'")
      }
      options.lifecycle.thinPool = name
      if value("driver") == nil { options.lifecycle.driver = .thin }
    }
    if let text = value("revisions-to-keep") {
      guard let keep = RevisionsToKeep(text) else {
        throw StorageError(
          .usage, "--revisions-to-keep", "'\(text)' is not a number of revisions: -1, 0 or more")
      }
      options.lifecycle.revisionsToKeep = keep
    }
    return options
  }
}
