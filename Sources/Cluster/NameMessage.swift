/// A question for a name and its answer (RFC 1035, section 4), as far as a resolver library needs it.
struct NameMessage {
    /// Kinds of records.
    static let address: UInt16 = 1
    static let pointer: UInt16 = 12

    enum Code: UInt8 { case noError = 0, serverFailure = 2, noSuchName = 3 }

    /// In small letters, parts joined by dots.
    let name: String
    let kind: UInt16
    private let header: [UInt8]
    private let question: [UInt8]

    /// - Returns: nil for anything but one question of the Internet class.
    init?(_ bytes: [UInt8]) {
        // A standard query with one question.
        guard bytes.count >= 17, bytes[2] & 0xf8 == 0, bytes[4] == 0, bytes[5] == 1 else { return nil }
        var place = 12
        var parts: [String] = []
        while place < bytes.count, bytes[place] != 0 {
            let length = Int(bytes[place])
            guard length < 64, place + 1 + length < bytes.count else { return nil }
            parts.append(String(decoding: bytes[(place + 1)..<(place + 1 + length)], as: UTF8.self).lowercased())
            place += 1 + length
        }
        guard place + 5 <= bytes.count, bytes[place + 3] == 0, bytes[place + 4] == 1 else { return nil }
        name = parts.joined(separator: ".")
        kind = UInt16(bytes[place + 1]) << 8 | UInt16(bytes[place + 2])
        header = Array(bytes[..<12])
        question = Array(bytes[12..<(place + 5)])
    }

    /// The answer, with at most one record of the kind that was asked for. Nobody is to remember it: its time to live
    /// is 0.
    func answer(_ code: Code, data: [UInt8]? = nil) -> [UInt8] {
        // A response with authority, to a question that wanted recursion if it wanted it.
        var bytes: [UInt8] = [header[0], header[1], 0x84 | header[2] & 1, 0x80 | code.rawValue, 0, 1, 0, 0, 0, 0, 0, 0]
        bytes += question
        if let data {
            bytes[7] = 1
            // The name of the question, its kind, the Internet class.
            bytes += [0xc0, 12, UInt8(kind >> 8), UInt8(kind & 0xff), 0, 1, 0, 0, 0, 0, 0, UInt8(data.count)]
            bytes += data
        }
        return bytes
    }

    /// A name as a record holds it.
    static func encode(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}
