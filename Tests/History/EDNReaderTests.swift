import Testing

@testable import PolygraphHistory

@Suite struct EDNReaderTests {
    private func read(
        _ text: String, format: HistoryFormat? = .edn, independent: Bool = false, capacity: Int = 1 << 20
    ) throws(HistoryError) -> History {
        try readHistory(
            Array(text.utf8), file: "h.edn", format: format, independent: independent, capacity: capacity)
    }

    private func value(_ text: String) throws -> Value {
        try read("{:process 0 :type :invoke :f :w :value \(text)}").operations[0].value
    }

    @Test func `A map is an event`() throws {
        let history = try read(
            """
            #jepsen.history.Op{:index 4, :time 12, :type :invoke, :process 3, :f :cas, :value [1 2], :node "n1", :new {:a 1}}
            {:index 5, :time 13, :type :info, :process :nemesis, :f :start, :value nil}
            {:process 3 :type :fail :f "cas" :value [1 2] :error :not-found :index 7 :time 14}
            """)
        #expect(
            Array(history.operations) == [
                Operation(
                    index: 4, time: 12, process: .client(3), kind: .invoke, function: "cas", value: [1, 2], node: "n1"),
                Operation(index: 5, time: 13, process: .nemesis, kind: .info, function: "start"),
                Operation(
                    index: 7, time: 14, process: .client(3), kind: .fail, function: "cas", value: [1, 2],
                    error: "not-found"),
            ])
        #expect(history.warnings.isEmpty)
        #expect(history.partner == [2, -1, 0])
    }

    @Test(
        arguments: [
            ("nil", Value.null), ("true", true), ("-3", -3), ("+3", 3), ("12N", 12),
            ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("1.5", 1.5), ("1.5e3M", 1500.0), ("1.", 1.0), ("0x1f", 31),
            ("1/2", 0.5), ("-4/2", -2), (":foo", "foo"), (":a.b/c", "a.b/c"), ("sym", "sym"),
            ("\"a\\n\\u00e9\\\\\"", "a\né\\"),
            ("\"\\ud83d\\ude00\"", "😀"), ("\"\\101\"", "A"), ("\\a", "a"), ("\\newline", "\n"), ("\\u0041", "A"),
            ("\\(", "("),
            ("\\o101", "A"), ("[1 [2 , nil]]", [1, [2, .null]]), ("(1 2)", [1, 2]), ("#{3 1 \"x\" 2}", [1, 2, 3, "x"]),
            ("{:a 1, \"b\" 2, 3 4, nil 5}", ["a": 1, "b": 2, "3": 4, "null": 5]), ("#inst \"2020\"", "2020"),
            ("#foo.Bar{:x 1}", ["x": 1]), ("[1 #_2 #_ #_ 3 4 5]", [1, 5]), ("[1 ; ]\n 2]", [1, 2]),
            ("#\"a\\\"b\"", "a\\\"b"),
            ("##Inf", "##Inf"), ("[]", []), ("{}", [:]), ("#{}", []), ("[\\] \\\" 1]", ["]", "\"", 1]),
        ] as [(String, Value)])
    func `Forms become values`(text: String, expected: Value) throws {
        #expect(try value(text) == expected)
        // A second time it may come from what is remembered; a window of one byte sees every form cut off.
        let twice = "({:process 0 :type :invoke :f :w :value \(text)} {:process 0 :type :ok :f :w :value \(text)})"
        for capacity in [1, 1 << 20] {
            let history = try read(twice, capacity: capacity)
            #expect(history.operations.allSatisfy { $0.value == expected })
            #expect(history.columns.functionNames == ["w"])
        }
    }

    @Test func `One after another, in a vector or in a list, with commas or without, is the same`() throws {
        let (one, two) = ("{:process 0 :type :invoke :f :r}", "{:process 0, :type :ok, :f :r, :value 5}")
        let plain = try read("\(one)\n\(two)")
        for text in [
            "[\(one) \(two)]", "(\(one)\n \(two))\n; end", "[\(one), \(two),]", "; begin\n[\(one) #_{:x 1} \(two)]",
            "#jepsen.History[\(one)\(two)]", "\(one)\(two)",
        ] {
            for capacity in [1, 7, 1 << 20] {
                let history = try read(text, format: capacity < 1_000 ? .edn : nil, capacity: capacity)
                #expect(Array(history.operations) == Array(plain.operations), "\(text)")
                #expect(history.columns.values.count == 2)
            }
        }
        #expect(plain.operations[1].index == 1 && plain.operations[1].time == 1)
        #expect(plain.warnings.count == 1 && plain.warnings[0].contains("time"))
    }

    @Test func `Tuples are taken as such where they are tagged, or the history is said to be independent`() throws {
        func first(_ value: String, independent: Bool) throws -> (Value?, Value) {
            let event = try read(
                "{:process 0 :type :invoke :f :cas :value \(value)}", independent: independent
            ).operations[0]
            return (event.key, event.value)
        }
        for tagged in ["#jepsen.independent.Tuple [:k [1 2]]", "#jepsen.independent.Tuple{:key :k :value [1 2]}"] {
            for independent in [false, true] {
                #expect(try first(tagged, independent: independent) == ("k", [1, 2]))
            }
        }
        #expect(try first("[1 2]", independent: false) == (nil, [1, 2]))
        #expect(try first("[1 2]", independent: true) == (1, 2))
        #expect(try first("[\"k\" [1 2]]", independent: true) == ("k", [1, 2]))
        for wrong in ["[1 2 3]", "nil", "[1]", "[]", "7"] {
            #expect(throws: HistoryError.self) { try first(wrong, independent: true) }
        }
        let nemesis = try read("{:process :nemesis :type :info :f :start :value [:a :b]}", independent: true)
        #expect(nemesis.operations[0].key == nil)
    }

    @Test func `Events without processes are paired by function and value`() throws {
        let history = try read(
            """
            {:type :invoke :f :read :value nil}
            {:type :invoke :f :write :value 1}
            {:type :invoke :f :write :value 2}
            {:type :ok :f :write :value 2}
            {:type :ok :f :read :value 7}
            {:type :info :f :write :value 1}
            {:type :info :f :partition}
            """)
        #expect(history.partner == [4, 5, 3, 2, 0, 1, -1])
        #expect(history.operations[6].process == .nemesis)
        #expect(history.warnings.contains { $0.contains("process") })
        #expect(throws: HistoryError.self) { try read("{:type :ok :f :read}") }
        #expect(throws: HistoryError.self) { try read("{:type :invoke :f :r :process 1}{:type :invoke :f :r}") }
        #expect(throws: HistoryError.self) { try read("{:type :invoke :f :r}{:type :invoke :f :r :process 1}") }
    }

    @Test func `The last of several events may be torn, a vector may not`() throws {
        let (one, two) = ("{:process 0 :type :invoke :f :r}\n", "{:process 0 :type :ok :f :r :value [1 \"x\"]}")
        for length in 1..<two.utf8.count {
            let torn = try read(one + String(two.prefix(length)))
            #expect(torn.operations.count == 1)
            #expect(torn.warnings.contains { $0.contains("line 2") && $0.contains("dropped") })
            let error = #expect(throws: HistoryError.self) { try read("[" + one + two.prefix(length)) }
            #expect(error?.line == 2)
        }
        #expect(throws: HistoryError.self) { try read("[" + one + two) }
    }

    /// Line, column, and a part of the message.
    @Test(arguments: [
        ("[{:process 0}]", 1, 2, "type is missing"),
        ("{:type :done :f :r}", 1, 8, ":invoke, :ok, :fail, :info, found :done"),
        ("\n {:process :a :type :ok}", 2, 12, "number (0 to"), ("{:process -1 :type :ok}", 1, 11, "number (0 to"),
        ("{:index 1.5 :type :ok}", 1, 9, "whole number"), ("{:type :ok :type :ok}", 1, 12, ":type comes twice"),
        ("{:process 0 :type :invoke :f 7}", 1, 30, ":f must be"),
        ("garbage here", 1, 1, "expected an operation map, found 'g'"),
        ("[[1]]", 1, 2, "an operation map"), ("[] x", 1, 4, "end of the file"),
        ("[{:type :ok ] ", 1, 13, "a field or '}'"),
        ("{:type :invoke :f :r :value [1 }}", 1, 32, "expected a value, found '}'"),
        ("{:value {1 2 1 3} }", 1, 14, "twice"),
        ("{:value 01 }", 1, 9, "begin with 0"), ("{:value 1x }", 1, 9, "not a number"),
        ("{:value 1/0 }", 1, 9, "ratio"),
        ("{:value \"\\q\" }", 1, 11, "after the backslash"), ("{:value \\foo }", 1, 9, "not a character"),
        ("{:value \"\\ud800\" }", 1, 12, "surrogate"), ("{:value 1e999 }", 1, 9, "too large"),
        ("{:process :nemesis :type :invoke :f :kill}", 1, 1, "must be of type info"),
        ("{:process 1 :type :ok :f :r}", 1, 1, "never invoked"),
        ("{:process 1 :type :invoke :f :r}\n{:process 1 :type :invoke :f :r}", 2, 1, "still open"),
        ("{:index 3 :type :info :process :nemesis}\n{:index 3 :type :info :process :nemesis}", 2, 1, "greater than 3"),
        ("{:process 1 :type :invoke :f :r :key 1 :value #a/tuple [1 2]}", 1, 1, "both"), ("{: 1}", 1, 2, "after ':'"),
    ])
    func `Mistakes are named with their place`(text: String, line: Int, column: Int, part: String) {
        for capacity in [1, 1 << 20] {
            let error = #expect(throws: HistoryError.self) { try read(text, capacity: capacity) }
            #expect(error?.message.contains(part) == true, "\(text): \(error?.description ?? "")")
            #expect(error?.line == line && error?.column == column, "\(text): \(error?.description ?? "")")
            #expect(error?.file == "h.edn")
        }
    }

    @Test func `Nesting without end is refused`() {
        for opening in ["[", "{:a ", "#a ", "#_", "#_[", "(#{"] {
            let text = "{:value " + String(repeating: opening, count: 200_000)
            #expect(throws: HistoryError.self) { try read("[" + text) }
        }
    }
}
