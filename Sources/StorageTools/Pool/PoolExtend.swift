import Definitions
import Operations
import StorageBackend
import StorageModel

extension Command {
  static let poolExtend = Command(
    "pool-extend", "Add devices to a pool.", .changes,
    [
      .pool(.active), .required("device", "DEVICE", "Device to add.").repeated,
      .flag("overwrite", "Overwrite what is on the devices."),
    ],
    example: "pool-extend vg0 $two", also: [.exists]
  ) { tool throws(StorageError) in
    let text = tool.arguments.required("pool")
    let devices = tool.arguments.all("device")
    for device in devices where !device.hasPrefix("/") {
      throw StorageError(.usage, "device '\(device)'", "is not an absolute path")
    }
    let pool = try tool.storage.store.pool(matching: text)
    let change = try tool.storage.extend(
      text, by: devices.map { Path($0) },
      overwrite: tool.arguments.has("overwrite") ? .overwrite : .refuse)
    try tool.report(
      change, pool: pool.name, "Pool \(text) extended by \(devices.joined(separator: ", "))")
  }
}
