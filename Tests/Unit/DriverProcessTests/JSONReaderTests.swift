import StorageModel
import Testing

@Suite("JSON as drivers write it")
struct JSONReaderTests {
  @Test(
    "what is written is read again",
    arguments: [
      "{}", "[]", "\"\"", "0", "-1", "9223372036854775807", "-9223372036854775808", "true", "null",
      #"{"a":[1,{"b":"é\u0001\"\\"}],"c":false}"#,
    ])
  func roundTrip(text: String) throws {
    #expect(try JSON(reading: text.utf8).text == text)
  }

  @Test("escapes are characters")
  func escapes() throws {
    let value = try JSON(reading: #" { "a" : "\u00e9\ud83d\ude00\/\b\f" } "#.utf8)
    #expect(value["a"]?.text == JSON.string("é😀/\u{8}\u{c}").text)
    #expect(value["b"] == nil)
  }

  @Test(
    "anything else is refused, and says where",
    arguments: [
      ("", "no value, or no integer of 64 bits,"), ("{} x", "something behind the value"),
      ("{1:2}", "no name of a member"), (#"{"a" 1}"#, "no ':'"),
      (#"{"a":1,"a":2}"#, "member 'a' for a second time"), (#"{"a":1"#, "no end of an object"),
      ("[1", "no end of an array"), ("[1,]", "no value, or no integer of 64 bits,"),
      ("01", "no value, or no integer of 64 bits,"), ("1.5", "no value, or no integer of 64 bits,"),
      ("9223372036854775808", "no value, or no integer of 64 bits,"),
      ("\"a\nb\"", "a control character in a string"), ("\"a", "no end of a string"),
      (#""\ud800""#, "no character of a text"), (#""\ud800\u0041""#, "half a character"),
      (#""\u0000""#, "no character of a text"), (#""\x""#, "an unknown escape"),
      (#""\u00g0""#, "no four hexadecimal digits"),
    ])
  func refused(text: String, problem: String) {
    let found = #expect(throws: JSON.Problem.self) { try JSON(reading: text.utf8) }
    #expect(found?.text.hasPrefix(problem) == true)
  }

  @Test("depth has an end, and bytes that are no text are refused")
  func limits() {
    let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    let found = #expect(throws: JSON.Problem.self) { try JSON(reading: deep.utf8) }
    #expect(found?.text.hasPrefix("values too deep inside each other") == true)
    let bad = #expect(throws: JSON.Problem.self) {
      try JSON(reading: [0x22, 0xff, 0x22] as [UInt8])
    }
    #expect(bad?.text.hasPrefix("a string that is not UTF-8") == true)
  }
}
