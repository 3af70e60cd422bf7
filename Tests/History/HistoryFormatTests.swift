import Testing

@testable import PolygraphHistory

@Suite struct HistoryFormatTests {
    private func read(
        _ text: String, _ format: HistoryFormat? = nil, independent: Bool = false, capacity: Int = 1 << 20
    ) throws(HistoryError) -> History {
        try readHistory(Array(text.utf8), format: format, independent: independent, capacity: capacity)
    }

    @Test(arguments: [
        (#"{"index":0,"time":0,"process":0,"type":"invoke","f":"r"}"#, HistoryFormat.jsonLines),
        ("nonsense", .jsonLines),
        (#"{"index":0,"time":0,"pro"#, .jsonLines), (#"{"type":"invoke","f":"r","process":0}"#, .elleJSON),
        ("", .jsonLines),
        ("[ {\"type\"", .elleJSON),
        ("{\n\"index\":0,\"time\":0,\"process\":0,\"type\":\"invoke\",\"f\":\"r\"}", .elleJSON),
        ("{:process 0}", .edn), ("[{:process 0}]", .edn), (" ; x\n{}", .edn), ("({:a 1})", .edn), ("#a{:b 1}", .edn),
        ("[#a{}]", .edn),
        ("INFO  jepsen.util - 3\t:invoke\t:read\tnil", .porcupineEtcd), ("INFO starting", .porcupineEtcd),
        ("2026-01-01 10:00:00,1 INFO [worker 1] jepsen.util - 3 :invoke :read nil", .porcupineEtcd),
    ])
    func `The form is known from the beginning`(text: String, format: HistoryFormat) throws {
        #expect(try detectFormat(Array(text.utf8)) == format)
    }

    @Test func `JSON objects as other tools write them`() throws {
        let events = [
            #"{"type":"invoke","f":"read","process":3,"value":null,"error":null}"#,
            #"{"type":"ok","f":"read","process":3,"value":[1,2],"error":["a",1],"op-index":5}"#,
        ]
        let texts = [
            events.joined(separator: "\n"), "[\(events.joined(separator: ",\n"))]",
            "[ \(events.joined(separator: " , ")) ]\n",
        ]
        for text in texts {
            for capacity in [1, 50, 1 << 20] {
                let history = try read(text, capacity < 1_000 ? .elleJSON : nil, capacity: capacity)
                #expect(
                    Array(history.operations) == [
                        Operation(index: 0, time: 0, process: .client(3), kind: .invoke, function: "read"),
                        Operation(
                            index: 1, time: 1, process: .client(3), kind: .ok, function: "read", value: [1, 2],
                            error: #"["a",1]"#),
                    ])
                #expect(history.warnings.count == 1)
            }
        }
        let tuple = try read(#"{"type":"invoke","f":"w","process":3,"value":["k",7]}"#, independent: true)
        #expect(tuple.operations[0].key == "k" && tuple.operations[0].value == 7)
    }

    @Test(arguments: [
        (#"[{"type":"invoke"} {"type":"invoke"}]"#, 20, "',' or ']'"), (#"[{"type":"invoke"},]"#, 20, "expected '{'"),
        (#"[{"type":"done"}]"#, 10, "one of"), (#"[{"process":-1}]"#, 13, "0 to"),
        (#"[{"index":"a"}]"#, 11, "whole number"),
        (#"[{"type":"invoke"}"#, 19, "closes"), (#"[{"type":"invoke"}] 1"#, 21, "the end"), ("[1]", 2, "expected '{'"),
        (#"[{"type":"invoke","type":"ok"}]"#, 19, "twice"), (#"[{"type":"in"#, 13, "closing quote"),
    ])
    func `Mistakes in JSON are named with their place`(text: String, column: Int, part: String) {
        for capacity in [1, 1 << 20] {
            let error = #expect(throws: HistoryError.self) { try read(text, .elleJSON, capacity: capacity) }
            #expect(error?.column == column, "\(text): \(error?.description ?? "")")
            #expect(error?.message.contains(part) == true, "\(text): \(error?.description ?? "")")
        }
    }

    @Test func `Log lines of Jepsen`() throws {
        let text = """
            INFO  jepsen.util - 0\t:invoke\t:write\t3\r
            INFO  jepsen.core - Everything looks good
            2026-01-01 10:00:00,1{GMT} INFO  [worker 1] jepsen.util - 1 :invoke :cas [3 4]
            INFO  jepsen.util - 0\t:info\t:write\t:timed-out
            INFO  jepsen.util - 1 :fail :cas [3 4]
            INFO  jepsen.util - :nemesis :info :start nil
            INFO  jepsen.util - 1 :invoke :read nil
            INFO  jepsen.util - 1 :fail :read nil :timed-out

            """
        for capacity in [1, 1 << 20] {
            let history = try read(text, capacity: capacity)
            let events = Array(history.operations)
            #expect(events.map(\.kind) == [.invoke, .invoke, .info, .fail, .info, .invoke, .fail])
            #expect(events.map(\.value) == [3, [3, 4], .null, [3, 4], .null, .null, .null])
            #expect(events.map(\.error) == [nil, nil, "timed-out", "mismatch", nil, nil, "timed-out"])
            #expect(history.partner == [2, 3, 0, 1, -1, 6, 5])
            #expect(history.warnings.contains { $0.contains("1 lines") || $0.contains("passed over") })
        }
        let error = #expect(throws: HistoryError.self) {
            try read("INFO  jepsen.util - 0 :invoke :read nil\nINFO  jepsen.util - 0 :done :read nil\n")
        }
        #expect(error?.line == 2 && error?.column == 23, "\(error?.description ?? "")")
        #expect(throws: HistoryError.self) { try read("INFO nothing here", .porcupineEtcd) }
        #expect(try read("INFO u - 0 :invoke :read nil\nINFO u - 0 :ok :read [1").operations.count == 1)
    }

    @Test func `json-lines has no tuples`() {
        #expect(throws: HistoryError.self) {
            try read(#"{"index":0,"time":0,"process":0,"type":"invoke","f":"r"}"#, .jsonLines, independent: true)
        }
    }
}
