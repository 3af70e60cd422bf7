import PolygraphHistory
import Testing

@Suite struct JSONLinesTests {
    @Test func `The form on disk`() {
        var bytes: [UInt8] = []
        JSONLines.append(
            Operation(
                index: 17, time: 1_203_344_551, process: .client(3), kind: .invoke, function: "cas", key: "k4",
                value: [1, 2], node: "n2", intended: 1_203_000_000), to: &bytes)
        JSONLines.append(
            Operation(index: 18, time: -1, process: .nemesis, kind: .info, function: "kill", error: "a\nb"), to: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"index":17,"time":1203344551,"process":3,"type":"invoke","f":"cas","key":"k4","value":[1,2],"node":"n2",\
                "intended":1203000000}
                {"index":18,"time":-1,"process":"nemesis","type":"info","f":"kill","value":null,"error":"a\\nb"}

                """)
    }

    @Test(arguments: 0..<10) func `Every event is read back the same`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        for index in 0..<200 {
            let operation = numbers.operation(index: index)
            var bytes: [UInt8] = []
            JSONLines.append(operation, to: &bytes)
            #expect(bytes.firstIndex(of: 0x0A) == bytes.count - 1)
            let back = try bytes.withUnsafeBytes { try JSONLines.decode($0) }
            #expect(back == operation, "seed \(seed)")
        }
    }

    @Test func `Fields come in any order, and unknown ones are passed over`() throws {
        let operation = try JSONLines.decode(
            """
            { "f" : "read", "new": {"a": [1, {"b": null}]}, "type":"ok", "process":4, "time": 5,"index":6, "error":null }
            """)
        #expect(operation == Operation(index: 6, time: 5, process: .client(4), kind: .ok, function: "read"))
    }

    /// Line, column, and a part of the message.
    @Test(arguments: [
        (#"{"time":1,"process":1,"type":"ok","f":"r"}"#, 1, #""index" is missing"#),
        (#"{"index":1,"process":1,"type":"ok","f":"r"}"#, 1, #""time" is missing"#),
        (#"{"index":1,"time":1,"type":"ok","f":"r"}"#, 1, #""process" is missing"#),
        (#"{"index":1,"time":1,"process":1,"f":"r"}"#, 1, #""type" is missing"#),
        (#"{"index":1,"time":1,"process":1,"type":"ok"}"#, 1, #""f" is missing"#),
        (#"{"index":1.5}"#, 10, #""index" must be a whole number of at most 64 bits, found 1.5"#),
        (#"{"index":-1}"#, 10, #""index" must be 0 or more"#),
        (#"{"index":1,"index":2}"#, 12, #""index" comes twice"#),
        (#"{"process":"n1"}"#, 12, #"must be a number (0 or more) or "nemesis", found "n1""#),
        (#"{"process":-1}"#, 12, "0 or more"),
        (#"{"type": "done"}"#, 10, #"one of "invoke", "ok", "fail", "info", found "done""#),
        (#"{"f":7}"#, 6, #""f" must be a string, found 7"#),
        (#"{"node":[1]}"#, 9, #""node" must be a string"#),
        (#"{"index":1,"time":1,"process":"nemesis","type":"invoke","f":"kill"}"#, 1, "nemesis"),
        ("[1]", 1, "expected '{'"), ("nonsense", 1, "expected '{'"), (#"{"index":1} x"#, 13, "expected the end"),
    ])
    func `Wrong lines are refused with place and reason`(line: String, column: Int, part: String) {
        let error = #expect(throws: HistoryError.self) { try JSONLines.decode(line, number: 42) }
        #expect(error?.line == 42)
        #expect(error?.column == column, "\(error?.message ?? "")")
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
}
