/// Writes operation maps as Jepsen prints them, which Knossos and Elle read.
///
/// EDN tells apart what `Value` does not, so that this decides by what other tools expect: functions, and errors that
/// can be one, are keywords; of a transaction's steps (`["append", 1, 2]`, `["r", 1, null]`, `["w", 1, 2]`) the first
/// element is one; keys of maps that look like whole numbers are numbers; every other string is a string. `EDNReader`
/// makes the same values of it again.
public enum EDNWriter {
    /// Appends an event as a map on a line of its own, with its line feed. Fields without a value are left out, except
    /// `:value`.
    /// - Parameter independent: whether a key goes into the value, as the tuple `[key value]` that
    ///   `jepsen.independent` knows, and not into a field `:key`.
    public static func append(_ operation: Operation, independent: Bool = false, to bytes: inout [UInt8]) {
        JSONWriter.append("{:index ", to: &bytes)
        JSONWriter.append(Int64(operation.index), to: &bytes)
        JSONWriter.append(", :time ", to: &bytes)
        JSONWriter.append(operation.time, to: &bytes)
        switch operation.kind {
        case .invoke: JSONWriter.append(", :type :invoke, :process ", to: &bytes)
        case .ok: JSONWriter.append(", :type :ok, :process ", to: &bytes)
        case .fail: JSONWriter.append(", :type :fail, :process ", to: &bytes)
        case .info: JSONWriter.append(", :type :info, :process ", to: &bytes)
        }
        switch operation.process {
        case .client(let number): JSONWriter.append(Int64(number), to: &bytes)
        case .nemesis: JSONWriter.append(":nemesis", to: &bytes)
        }
        JSONWriter.append(", :f ", to: &bytes)
        appendName(operation.function, to: &bytes)
        if let key = operation.key, !independent {
            JSONWriter.append(", :key ", to: &bytes)
            append(key, to: &bytes)
        }
        JSONWriter.append(", :value ", to: &bytes)
        if let key = operation.key, independent {
            bytes.append(UInt8(ascii: "["))
            append(key, to: &bytes)
            bytes.append(UInt8(ascii: " "))
            append(operation.value, to: &bytes)
            bytes.append(UInt8(ascii: "]"))
        } else {
            append(operation.value, to: &bytes)
        }
        if let node = operation.node {
            JSONWriter.append(", :node ", to: &bytes)
            appendQuoted(node, to: &bytes)
        }
        if let error = operation.error {
            JSONWriter.append(", :error ", to: &bytes)
            appendName(error, to: &bytes)
        }
        if let intended = operation.intended {
            JSONWriter.append(", :intended ", to: &bytes)
            JSONWriter.append(intended, to: &bytes)
        }
        JSONWriter.append("}\n", to: &bytes)
    }

    /// Appends a value; an object's fields come in alphabetical order.
    public static func append(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .null: JSONWriter.append("nil", to: &bytes)
        case .bool(let flag): JSONWriter.append(flag ? "true" : "false", to: &bytes)
        case .integer(let number): JSONWriter.append(number, to: &bytes)
        // Not a number and the infinities have no place in a history: as in JSON, they are nothing.
        case .double(let number): JSONWriter.append(number.isFinite ? "\(number)" : "nil", to: &bytes)
        case .string(let text): appendQuoted(text, to: &bytes)
        case .list(let elements):
            let isTransaction = !elements.isEmpty && elements.allSatisfy(isStep)
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: " ")) }
                if isTransaction, case .list(let step) = element {
                    appendStep(step, to: &bytes)
                } else {
                    append(element, to: &bytes)
                }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let fields):
            bytes.append(UInt8(ascii: "{"))
            var first = true
            for (name, field) in fields.sorted(by: { $0.key < $1.key }) {
                if !first { JSONWriter.append(", ", to: &bytes) }
                first = false
                if let number = Int64(name), "\(number)" == name {
                    JSONWriter.append(number, to: &bytes)
                } else {
                    appendQuoted(name, to: &bytes)
                }
                bytes.append(UInt8(ascii: " "))
                append(field, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    // MARK: - Transactions

    private static func isStep(_ value: Value) -> Bool {
        guard case .list(let elements) = value, elements.count == 3, case .string(let name) = elements[0] else {
            return false
        }
        return name == "append" || name == "r" || name == "w"
    }

    private static func appendStep(_ step: [Value], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        for (position, element) in step.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: " ")) }
            if position == 0, case .string(let name) = element {
                appendName(name, to: &bytes)
            } else {
                append(element, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "]"))
    }

    // MARK: - Texts

    /// A keyword where the text can be one, or else a string.
    private static func appendName(_ text: String, to bytes: inout [UInt8]) {
        guard let first = text.utf8.first, first | 0x20 >= UInt8(ascii: "a"), first | 0x20 <= UInt8(ascii: "z"),
            text.utf8.allSatisfy(isNamePart)
        else {
            appendQuoted(text, to: &bytes)
            return
        }
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: text.utf8)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "?"), UInt8(ascii: "!"), UInt8(ascii: "*"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// The escapes of JSON are the escapes of EDN.
    private static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        JSONWriter.appendQuoted(text, to: &bytes)
    }
}
