import Testing

@testable import PolygraphHistory

@Suite struct ByteWindowTests {
    /// Every offset's line and column, counted plainly.
    private func places(_ bytes: [UInt8]) -> [[Int]] {
        var (line, column) = (1, 1)
        return bytes.map { byte in
            defer { (line, column) = byte == 0x0A ? (line + 1, 1) : (line, column + 1) }
            return [line, column]
        }
    }

    @Test(arguments: 0..<40) func `Whatever is given up, the bytes and their places stay right`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let bytes = (0..<Int.random(in: 1...9_000, using: &numbers)).map { _ in
            Int.random(in: 0..<30, using: &numbers) < Int(seed)
                ? UInt8(0x0A) : UInt8.random(in: .min ... .max, using: &numbers)
        }
        let expected = places(bytes)
        let capacity = 1 + Int(seed * seed) * 7
        try bytes.withUnsafeBufferPointer { memory throws(HistoryError) in
            var window = try ByteWindow.over(UnsafeRawBufferPointer(memory), file: nil, capacity: capacity)
            var taken = 0
            while true {
                let (before, count, text) = (window.bytesBefore, window.count, window.bytes)
                #expect(before == taken)
                for offset in stride(from: 0, to: count, by: count / 5 + 1) {
                    let place = window.place(of: offset)
                    #expect(text[offset] == bytes[taken + offset])
                    #expect([place.line, place.column] == expected[taken + offset])
                }
                #expect((0..<ByteWindow.slack).allSatisfy { text[count + $0] == 0 })
                if window.isAtEnd, Bool.random(using: &numbers) { break }
                let step = Int.random(in: 0...count, using: &numbers)
                try window.advance(to: step)
                taken += step
            }
            let total = taken + window.count
            #expect(total == bytes.count)
        }
    }
}
