import StorageModel

/// The processes of the machine, without those of this command.
package enum OtherProcesses {
  /// Those that fit, as `COMMAND (pid N)`, in order of pid.
  /// - Parameters:
  ///   - proc: where proc(5) is mounted.
  ///   - fits: is given a process's folder there.
  package static func named(in proc: Path, where fits: (Path) -> Bool) -> [String] {
    guard let entries = try? Folder(opening: proc).entries() else { return [] }
    let others = entries.compactMap { Int32($0.name) }.filter { !ServerWatch.isOwn($0) }
    return others.sorted().compactMap { pid in
      let process = proc.appending("\(pid)")
      guard fits(process) else { return nil }
      return "\(SysFile.text(process.appending("comm")) ?? "process") (pid \(pid))"
    }
  }
}
