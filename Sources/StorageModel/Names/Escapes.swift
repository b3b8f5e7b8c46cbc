extension Substring {
  /// The text with escaped bytes back in their places: a mark and a fixed number of digits each, as `\040` in files of
  /// /proc.
  ///
  /// A mark that no byte follows stands for itself. What is then no UTF-8 becomes the replacement character.
  package func unescaped(_ mark: Unicode.Scalar, digits: Int, radix: Int) -> String {
    let mark = UInt8(ascii: mark)
    guard utf8.contains(mark) else { return String(self) }
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      if byte == mark, rest.count >= digits,
        let code = UInt8(String(decoding: rest.prefix(digits), as: UTF8.self), radix: radix)
      {
        bytes.append(code)
        rest = rest.dropFirst(digits)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// The text as one word, as `unescaped` reads it: bytes other than ASCII letters, digits and `_+.-` become a mark and
  /// two hexadecimal digits.
  package func escaping(_ mark: Unicode.Scalar) -> String {
    var text = ""
    for byte in utf8 {
      let isPlain =
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
        || "_+.-".utf8.contains(byte)
      if isPlain {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text.unicodeScalars.append(mark)
        text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    return text
  }
}
