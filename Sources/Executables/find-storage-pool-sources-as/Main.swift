import StorageTools

@main enum Main {
  static func main() { Tool.run("find-storage-pool-sources-as") }
}
