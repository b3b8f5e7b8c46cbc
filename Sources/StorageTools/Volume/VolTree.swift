import Definitions
import Operations
import StorageBackend
import StorageModel
import StorageOS

extension Command {
  static let volTree = Command(
    "vol-tree", "Show pools, volumes, bases and revisions as a tree.", .reads,
    [
      .optional("pool", "POOL", "Show only this pool: its name or UUID.", .pool(.active)), .bytes,
      .flag("dot", "Print a graph for dot(1)."), .timeout,
    ],
    example: "vol-tree images"
  ) { tool throws(StorageError) in
    guard !(tool.wantsJSON && tool.arguments.has("dot")) else {
      throw Arguments.usage("Options --json and --dot are mutually exclusive")
    }
    let chosen = try tool.arguments.value("pool").map { text throws(StorageError) in
      try tool.storage.activePool(text)
    }
    var isWhole = true
    let pools: [ActivePool]
    if let chosen { pools = [chosen] } else { pools = try tool.activePools(&isWhole) }
    var tree = VolumeTree()
    for pool in pools {
      do throws(StorageError) {
        let status = try tool.storage.status(of: tool.storage.store.pool(matching: pool.name.text))
        try tree.add(pool, status, warn: tool.warn)
      } catch {
        guard chosen == nil, error.code != .interrupted else { throw error }
        tool.warn("pool '\(pool.name)': \(error.text)")
        isWhole = false
      }
    }
    let roots = tree.roots
    if tool.arguments.has("dot") {
      try tool.write(Graph.text(of: roots))
    } else {
      let inBytes = tool.arguments.has("bytes")
      try tool.report(
        tool.table(
          ["Name", "Kind", "State", "Capacity", "Allocation"],
          roots.flatMap { $0.rows(inBytes: inBytes) }),
        json: ("vol-tree", [("tree", .array(roots.map(\.json)))]))
    }
    if !isWhole { Tool.finish("", "", .failure) }
  }
}

/// A pool, a volume, a revision, or an image that is in no pool; and what depends on it.
struct TreeNode {
  /// What it is, in JSON as well.
  enum Kind: String { case pool, volume, overlay, snapshot, revision, image }

  let kind: Kind
  let name: String
  /// The pool that it is in; nil for an image that is in none.
  let pool: String?
  let state: String?
  let capacity: ByteCount?
  let allocation: ByteCount?
  var children: [TreeNode] = []

  /// The lines of a table, the node's own first.
  func rows(inBytes: Bool, lead: String = "", ownLead: String = "") -> [[String]] {
    func size(_ size: ByteCount?) -> String { size?.text(inBytes: inBytes) ?? "-" }
    let isUnicode = Terminal.output.isUnicode
    let (branch, last, line) = isUnicode ? ("├─ ", "└─ ", "│  ") : ("|- ", "`- ", "|  ")
    let own = [
      ownLead + name.escaped, kind.rawValue, state ?? "-", size(capacity), size(allocation),
    ]
    return [own]
      + children.indices.flatMap { index -> [[String]] in
        let isLast = index == children.count - 1
        return children[index].rows(
          inBytes: inBytes, lead: lead + (isLast ? "   " : line),
          ownLead: lead + (isLast ? last : branch))
      }
  }

  var json: JSON {
    .object([
      ("kind", .string(kind.rawValue)), ("name", .string(name)), ("pool", .text(pool)),
      ("state", .text(state)), ("capacity", .size(capacity)), ("allocation", .size(allocation)),
      ("children", .array(children.map(\.json))),
    ])
  }
}

/// Which volumes are made from which, of one pool or of several.
struct VolumeTree {
  private struct Key: Hashable {
    let pool: PoolName?
    let name: ByteString
  }

  private var pools: [(name: PoolName, node: TreeNode)] = []
  private var nodes: [Key: TreeNode] = [:]
  /// What each is made from; an image that is in no pool has no pool.
  private var parents: [Key: Key] = [:]
  private var order: [Key] = []
  /// The volumes by their paths, to find what is below an overlay.
  private var places: [ByteString: Key] = [:]
  private var backing: [Key: String] = [:]

  /// Takes a pool's volumes in.
  mutating func add(_ pool: ActivePool, _ status: PoolStatus, warn: (String) -> Void)
    throws(StorageError)
  {
    pools.append(
      (
        pool.name,
        TreeNode(
          kind: .pool, name: pool.name.text, pool: pool.name.text, state: status.state.rawValue,
          capacity: status.sizes?.capacity, allocation: status.sizes?.allocation)
      ))
    try pool.eachVolume(warn: warn) { volumes throws(StorageError) in
      for index in volumes.indices {
        let revisions =
          volumes[index].problem == nil ? try pool.revisions(of: volumes[index]) : []
        add(volumes[index], revisions, in: pool.name)
      }
    }
  }

  private mutating func add(_ volume: Volume, _ revisions: [RevisionFacts], in pool: PoolName) {
    let key = Key(pool: pool, name: ByteString(volume.name.text))
    let kind: TreeNode.Kind =
      volume.definition.backingStore != nil
      ? .overlay : volume.properties.source == nil ? .volume : .snapshot
    var node = TreeNode(
      kind: kind, name: volume.name.text, pool: pool.text,
      state: volume.problem == nil ? volume.stateInWords ?? volume.state.rawValue : "broken",
      capacity: volume.definition.capacity, allocation: volume.definition.allocation)
    node.children = revisions.map { facts in
      TreeNode(
        kind: .revision, name: facts.revision.identifier, pool: pool.text,
        state: facts.isPinned ? "pinned" : nil, capacity: facts.capacity,
        allocation: facts.allocation)
    }
    nodes[key] = node
    order.append(key)
    if let path = volume.definition.target.path { places[ByteString(path.text)] = key }
    if let store = volume.definition.backingStore {
      let path = volume.definition.target.path.map {
        BackingReference(path: store.path).resolved(beside: $0)
      }
      backing[key] = path ?? store.path
    } else if let source = volume.properties.source {
      parents[key] = Key(pool: pool, name: ByteString(source.text))
    }
  }

  /// The pools with their volumes, each below what it is made from; then the images that are in no pool.
  ///
  /// A volume whose source is not there, or that is below itself, is directly in its pool.
  var roots: [TreeNode] {
    var parents = parents.filter { nodes[$0.value] != nil }
    var images: [Key] = []
    for key in order {
      guard let path = backing[key] else { continue }
      let place = places[path] ?? Key(pool: nil, name: ByteString(path))
      if place.pool == nil, !images.contains(place) { images.append(place) }
      parents[key] = place
    }
    for key in order where isInLoop(key, parents) { parents[key] = nil }
    var children: [Key: [Key]] = [:]
    for key in order { if let parent = parents[key] { children[parent, default: []].append(key) } }
    func grown(_ key: Key, below pool: PoolName?) -> TreeNode {
      let path = key.name.text
      var node =
        nodes[key]
        ?? TreeNode(
          kind: .image, name: path, pool: nil, state: nil, capacity: nil, allocation: nil)
      if let own = key.pool, own != pool {
        node = TreeNode(
          kind: node.kind, name: "\(own)/\(node.name)", pool: node.pool, state: node.state,
          capacity: node.capacity, allocation: node.allocation, children: node.children)
      }
      node.children += (children[key] ?? []).map { grown($0, below: key.pool ?? pool) }
      return node
    }
    let trees = pools.map { name, pool in
      var pool = pool
      pool.children = order.filter { $0.pool == name && parents[$0] == nil }
        .map { grown($0, below: name) }
      return pool
    }
    return trees + images.map { grown($0, below: nil) }
  }

  private func isInLoop(_ key: Key, _ parents: [Key: Key]) -> Bool {
    var seen: Set<Key> = []
    var next = parents[key]
    while let place = next, seen.insert(place).inserted {
      if place == key { return true }
      next = parents[place]
    }
    return false
  }
}

/// A tree as a graph in the language of dot(1).
private enum Graph {
  static func text(of roots: [TreeNode]) -> String {
    var lines: [String] = []
    var count = 0
    func add(_ node: TreeNode, below parent: Int?) {
      let number = count
      count += 1
      let shape = node.kind == .pool ? "cylinder" : node.kind == .revision ? "note" : "box"
      let state = node.state.map { "\\n\($0)" } ?? ""
      let size = node.capacity.map { "\\n\($0.displayText)" } ?? ""
      lines.append(
        "  n\(number) [shape=\(shape), label=\"\(quoted(node.name))\(state)\(size)\"];")
      if let parent { lines.append("  n\(parent) -> n\(number);") }
      for child in node.children { add(child, below: number) }
    }
    for root in roots { add(root, below: nil) }
    return "digraph storage {\n  rankdir=LR;\n" + lines.map { $0 + "\n" }.joined() + "}\n"
  }

  private static func quoted(_ text: String) -> String {
    text.escaped.replacing("\\", by: "\\\\").replacing("\"", by: "\\\"")
  }
}
