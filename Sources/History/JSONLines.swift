/// The form of a history on disk: one event a line, each a JSON object with the fields `index`, `time`, `process`
/// (a number or `"nemesis"`), `type`, `f`, `key`, `value`, `node`, `error` and `intended`.
public enum JSONLines {
    // MARK: Writing

    /// Appends an event as one line, with its line feed. Fields without a value are left out, except `value`.
    public static func append(_ operation: Operation, to bytes: inout [UInt8]) {
        JSONWriter.append("{\"index\":", to: &bytes)
        JSONWriter.append(Int64(operation.index), to: &bytes)
        JSONWriter.append(",\"time\":", to: &bytes)
        JSONWriter.append(operation.time, to: &bytes)
        JSONWriter.append(",\"process\":", to: &bytes)
        switch operation.process {
        case .client(let number): JSONWriter.append(Int64(number), to: &bytes)
        case .nemesis: JSONWriter.append("\"nemesis\"", to: &bytes)
        }
        switch operation.kind {
        case .invoke: JSONWriter.append(",\"type\":\"invoke\",\"f\":", to: &bytes)
        case .ok: JSONWriter.append(",\"type\":\"ok\",\"f\":", to: &bytes)
        case .fail: JSONWriter.append(",\"type\":\"fail\",\"f\":", to: &bytes)
        case .info: JSONWriter.append(",\"type\":\"info\",\"f\":", to: &bytes)
        }
        JSONWriter.appendQuoted(operation.function, to: &bytes)
        if let key = operation.key {
            JSONWriter.append(",\"key\":", to: &bytes)
            JSONWriter.append(key, to: &bytes)
        }
        JSONWriter.append(",\"value\":", to: &bytes)
        JSONWriter.append(operation.value, to: &bytes)
        if let node = operation.node {
            JSONWriter.append(",\"node\":", to: &bytes)
            JSONWriter.appendQuoted(node, to: &bytes)
        }
        if let error = operation.error {
            JSONWriter.append(",\"error\":", to: &bytes)
            JSONWriter.appendQuoted(error, to: &bytes)
        }
        if let intended = operation.intended {
            JSONWriter.append(",\"intended\":", to: &bytes)
            JSONWriter.append(intended, to: &bytes)
        }
        JSONWriter.append("}\n", to: &bytes)
    }

    // MARK: Reading

    /// Reads one line. Fields that it does not know are passed over.
    /// - Parameters:
    ///   - line: its bytes; a line feed at the end does no harm.
    ///   - number: counted from 1, for the error.
    /// - Throws: `HistoryError` with line, column, field and what was expected.
    public static func decode(_ line: UnsafeRawBufferPointer, number: Int = 1) throws(HistoryError) -> Operation {
        do throws(JSONScanner.Failure) {
            return try operation(line)
        } catch {
            throw HistoryError(error.message, line: number, column: error.offset + 1)
        }
    }

    /// Reads one line. Fields that it does not know are passed over.
    /// - Throws: `HistoryError` with line, column, field and what was expected.
    public static func decode(_ line: String, number: Int = 1) throws(HistoryError) -> Operation {
        try Array(line.utf8).withUnsafeBufferPointer { (bytes) throws(HistoryError) in
            try decode(UnsafeRawBufferPointer(bytes), number: number)
        }
    }

    /// Reads one line; the failure's offset counts from its beginning.
    static func operation(_ line: UnsafeRawBufferPointer) throws(JSONScanner.Failure) -> Operation {
        var scanner = JSONScanner(line)
        var fields = Fields()
        try scanner.members(depth: 0) { (scanner, name, offset) throws(JSONScanner.Failure) in
            try fields.read(name, at: offset, &scanner)
        }
        try scanner.end()
        return try fields.operation(end: scanner)
    }

    /// What has been read of a line.
    private struct Fields {
        var index: Int64?
        var time: Int64?
        var process: Operation.Process?
        var kind: Operation.Kind?
        var function: String?
        var key: Value?
        var value: Value?
        var node: String?
        var error: String?
        var intended: Int64?

        @inline(__always)
        mutating func read(_ name: String, at offset: Int, _ scanner: inout JSONScanner) throws(JSONScanner.Failure) {
            func once<Field>(_ old: Field?) throws(JSONScanner.Failure) {
                if old != nil { throw scanner.failure("the field \"\(name)\" comes twice", at: offset) }
            }
            switch name {
            case "index":
                try once(index)
                index = try natural(name, &scanner)
            case "time":
                try once(time)
                time = try integer(name, &scanner)
            case "process":
                try once(process)
                process = try processNumber(&scanner)
            case "type":
                try once(kind)
                kind = try operationKind(&scanner)
            case "f":
                try once(function)
                function = try text(name, &scanner)
                if function == nil { throw scanner.failure("the field \"f\" must be a string, found null", at: offset) }
            case "key":
                try once(key)
                key = try scanner.value(depth: 1)
            case "value":
                try once(value)
                value = try scanner.value(depth: 1)
            case "node":
                try once(node)
                node = try text(name, &scanner)
            case "error":
                try once(error)
                error = try text(name, &scanner)
            case "intended":
                try once(intended)
                intended = try integer(name, &scanner)
            default: _ = try scanner.value(depth: 1)
            }
        }

        private func mismatch(
            _ name: String, _ expected: String, _ value: Value, _ scanner: JSONScanner, _ start: Int
        ) -> JSONScanner.Failure {
            var found = value.description
            if found.utf8.count > 40 { found = String(found.prefix(39)) + "…" }
            return scanner.failure("the field \"\(name)\" must be \(expected), found \(found)", at: start)
        }

        private func integer(_ name: String, _ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> Int64 {
            let start = scanner.valueStart()
            let value = try scanner.value(depth: 1)
            guard case .integer(let number) = value else {
                throw mismatch(name, "a whole number of at most 64 bits", value, scanner, start)
            }
            return number
        }

        private func natural(_ name: String, _ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> Int64 {
            let start = scanner.valueStart()
            let number = try integer(name, &scanner)
            if number < 0 { throw mismatch(name, "0 or more", .integer(number), scanner, start) }
            return number
        }

        /// A string, or nil for null.
        private func text(_ name: String, _ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> String? {
            let start = scanner.valueStart()
            switch try scanner.value(depth: 1) {
            case .string(let text): return text
            case .null: return nil
            case let value: throw mismatch(name, "a string", value, scanner, start)
            }
        }

        private func processNumber(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> Operation.Process {
            let start = scanner.valueStart()
            switch try scanner.value(depth: 1) {
            case .integer(let number) where number >= 0: return .client(Int(number))
            case .string("nemesis"): return .nemesis
            case let value: throw mismatch("process", "a number (0 or more) or \"nemesis\"", value, scanner, start)
            }
        }

        private func operationKind(_ scanner: inout JSONScanner) throws(JSONScanner.Failure) -> Operation.Kind {
            let start = scanner.valueStart()
            let value = try scanner.value(depth: 1)
            switch value {
            case .string("invoke"): return .invoke
            case .string("ok"): return .ok
            case .string("fail"): return .fail
            case .string("info"): return .info
            default: throw mismatch("type", "one of \"invoke\", \"ok\", \"fail\", \"info\"", value, scanner, start)
            }
        }

        func operation(end scanner: JSONScanner) throws(JSONScanner.Failure) -> Operation {
            func missing(_ name: String) -> JSONScanner.Failure {
                scanner.failure("the field \"\(name)\" is missing", at: 0)
            }
            guard let index else { throw missing("index") }
            guard let time else { throw missing("time") }
            guard let process else { throw missing("process") }
            guard let kind else { throw missing("type") }
            guard let function else { throw missing("f") }
            if kind == .invoke, process == .nemesis {
                throw scanner.failure("an event of the nemesis must be of type \"info\"", at: 0)
            }
            return Operation(
                index: Int(index), time: time, process: process, kind: kind, function: function, key: key,
                value: value ?? .null, node: node, error: error, intended: intended)
        }
    }
}
