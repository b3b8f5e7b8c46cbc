import StorageConf
import StorageHost
import StorageModel
import StorageXML

/// Pools out of texts, in either notation.
package enum PoolReading {
  /// The pool that an XML document defines, and whether it names its UUID; where it does not, it got a random one.
  /// - Parameters:
  ///   - file: the name used in errors.
  ///   - validate: also refuse what libvirt's schema does not know.
  package static func document(_ bytes: [UInt8], file: String, validate: Bool = false)
    throws(StorageError) -> (pool: PoolDefinition, uuidIsGiven: Bool)
  {
    do throws(XMLProblem) {
      let document = try PoolXML.document(bytes, file: file, validate: validate)
      return (document.pool, document.uuidWasGiven)
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }

  /// The pool that the only section of a text in the notation of storage.conf defines.
  package static func section(_ bytes: [UInt8], file: String, host: HostFolders)
    throws(StorageError) -> PoolDefinition
  {
    do throws(ConfProblem) {
      let conf = try ConfDocument.parse(bytes, file: file)
      guard let section = conf.sections.first, conf.sections.count == 1 else {
        throw ConfProblem(
          file: file,
          message: "has \(conf.sections.count) sections: expected one, [NAME] and its keys")
      }
      return try PoolConf.definition(
        of: section, file: file, defaultFolder: host.data,
        callbacks: CallbackConfiguration.keys(on: host))
    } catch {
      throw StorageError(.badInput, "", error.text)
    }
  }
}
