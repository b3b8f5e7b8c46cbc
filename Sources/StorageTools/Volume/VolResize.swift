import Operations
import StorageModel

extension Command {
  static let volResize = Command(
    "vol-resize", "Change the size of a volume.", .changes,
    [
      .volume, .required("capacity", "SIZE", "New size; with --delta, how much to add."),
      .volumePool, .flag("allocate", "Allocate all its blocks at once."),
      .flag("delta", "SIZE is the difference."),
      .flag("shrink", "Allow a smaller size; data beyond it is lost."), .force,
    ],
    example: "vol-resize disk1 128M --pool images"
  ) { tool throws(StorageError) in
    let arguments = tool.arguments
    let text = arguments.required("vol")
    var sizeText = arguments.required("capacity")
    while let rest = sizeText.without(prefix: " ") { sizeText = String(rest) }
    var isDelta = arguments.has("delta")
    let shrink = arguments.has("shrink")
    var isNegative = false
    if let positive = sizeText.without(prefix: "-") {
      guard shrink else { throw StorageError(.usage, "", "negative size requires --shrink") }
      sizeText = String(positive)
      isDelta = true
      isNegative = true
    }
    let size: ByteCount
    do throws(ScaledSize.Problem) { size = try ScaledSize.parse(sizeText) } catch {
      throw StorageError(.usage, "Malformed size \(sizeText)", error.text)
    }
    let resize: Storage.Resize =
      !isDelta ? .to(size) : isNegative || shrink ? .less(size) : .by(size)
    let (change, pool, name, _) = try tool.storage.resizeVolume(
      text, in: arguments.value("pool"), resize, allocate: arguments.has("allocate"),
      shrink: shrink)
    try tool.report(
      change, pool: pool.name, volume: name,
      "Size of volume '\(name)' successfully changed \(isDelta ? "by" : "to") \(sizeText)"
    )
  }
}
