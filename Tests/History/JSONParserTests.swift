import PolygraphHistory
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: 0..<20) func `What is written is read back the same`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        for _ in 0..<200 {
            let value = numbers.value()
            var bytes: [UInt8] = []
            JSONWriter.append(value, to: &bytes)
            #expect(try JSONParser.parse(bytes) == value, "seed \(seed): \(value)")
        }
    }

    @Test(arguments: [
        (" [ 1 , 2.5e0 ,\t\"a\" ]\r\n", "[1,2.5,\"a\"]"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9.223372036854776e+18"),
        ("-0", "0"), ("-0.0", "-0.0"), ("1E2", "100.0"), ("1e-400", "0.0"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
        (#""\u0041\u00e9\u20AC\ud83d\uDE00\b\f\n\r\t\/\\\"""#, "\"Aé€😀\\u0008\\u000c\\n\\r\\t/\\\\\\\"\""),
        ("{\"b\":{},\"a\":[]}", "{\"a\":[],\"b\":{}}"),
        ("\"\u{7F}\"", "\"\u{7F}\""),
    ])
    func `Right texts`(text: String, canonical: String) throws {
        #expect(try JSONParser.parse(text).description == canonical)
    }

    /// Text, line, column, and a word of the message.
    @Test(arguments: [
        ("", 1, 1, "a value"), ("   ", 1, 4, "a value"), ("tru", 1, 4, "true"), ("nulL", 1, 4, "null"),
        ("[1,]", 1, 4, "a value"), ("[1 2]", 1, 4, "',' or ']'"), ("{\"a\":1,}", 1, 8, "name of a field"),
        ("{a:1}", 1, 2, "name of a field"), ("{\"a\" 1}", 1, 6, "':'"), ("{\"a\":1 \"b\":2}", 1, 8, "',' or '}'"),
        ("[\n1,\n  x]", 3, 3, "a value"), ("01", 1, 1, "begin with 0"), ("-", 1, 2, "a digit"), ("1.", 1, 3, "a digit"),
        (".5", 1, 1, "a value"), ("+1", 1, 1, "a value"), ("1e", 1, 3, "a digit"), ("1e999", 1, 1, "too large"),
        ("NaN", 1, 1, "a value"), ("\"a", 1, 3, "closing quote"), ("\"a\nb\"", 1, 3, "must be written as an escape"),
        ("\"\\x\"", 1, 3, "after the backslash"), ("\"\\u12g4\"", 1, 6, "hexadecimal"),
        ("\"\\ud800\"", 1, 8, "surrogate"), ("\"\\ud800\\n\"", 1, 9, "surrogate"),
        ("\"\\ud800\\u0041\"", 1, 2, "surrogate"), ("\"\\udc00\"", 1, 2, "surrogate"),
        ("{\"a\":1,\"a\":2}", 1, 8, "twice"), ("1 2", 1, 3, "the end"), ("[1]]", 1, 4, "the end"),
        ("'a'", 1, 1, "a value"),
        ("[1] // no", 1, 5, "the end"), ("\u{FEFF}1", 1, 1, "a value"),
    ])
    func `Wrong texts are refused with place and reason`(text: String, line: Int, column: Int, word: String) {
        let error = #expect(throws: HistoryError.self) { try JSONParser.parse(text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func `Bytes that are not UTF-8 are refused`() {
        let bad: [[UInt8]] = [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80]]
        for sequence in bad {
            for escape in [[], Array("\\n".utf8)] {
                let text = [0x22, 0x61] + escape + sequence + [0x22]
                let error = #expect(throws: HistoryError.self) { try JSONParser.parse(text) }
                #expect(error?.message.contains("UTF-8") == true, "\(sequence): \(error?.message ?? "")")
                #expect(error?.column == 3 + escape.count, "\(sequence)")
            }
        }
    }

    @Test func `Nesting has a limit and does not end the process`() throws {
        let deep = JSONParser.depthLimit
        let right = String(repeating: "[", count: deep) + String(repeating: "]", count: deep)
        #expect(try JSONParser.parse(right).elements?.count == 1)
        let error = #expect(throws: HistoryError.self) {
            try JSONParser.parse(String(repeating: "[", count: 1_000_000))
        }
        #expect(error?.message.contains("deeper") == true)
    }

    @Test(arguments: 0..<8) func `Every prefix and every changed byte either parses or throws`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed &+ 1_000)
        for _ in 0..<20 {
            var bytes: [UInt8] = []
            JSONWriter.append(.list([numbers.value(), numbers.value()]), to: &bytes)
            for length in 0..<bytes.count {
                #expect(throws: HistoryError.self) { try JSONParser.parse(Array(bytes[..<length])) }
            }
            for position in bytes.indices {
                var changed = bytes
                changed[position] = UInt8.random(in: 0...255, using: &numbers)
                // Whatever it makes of it must be written and read back as the same value.
                guard let value = try? JSONParser.parse(changed) else { continue }
                #expect(try JSONParser.parse(value.description) == value)
            }
        }
    }
}
