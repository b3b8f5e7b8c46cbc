import StorageTools

@main enum Main {
  static func main() { Tool.run("vol-clear") }
}
