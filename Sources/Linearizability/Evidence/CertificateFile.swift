import PolygraphHistory
import PolygraphModels

/// A certificate that a history is linearizable: for every key an order of its operations, which any tool can replay.
///
/// The file is JSON Lines. The first line says how the history was read:
///
/// | field | what |
/// |---|---|
/// | `format`, `version` | `"polygraph-certificate"` and 1 |
/// | `model`, `initial` | the model's name, and the value before any operation |
/// | `nilRead` | what a read of null says, for models of registers: `value`, that there was nothing, or `any`, nothing |
/// | `permits` | how many permits a semaphore has |
/// | `failedCAS` | whether a failed `cas` says that the value was another: `observes` always, `ignored` never, `mismatch` where its error is `mismatch` |
///
/// Every other line is an object with `key` (missing where operations have none) and `order`: the `index` of each
/// invocation, in an order in which the operations can have taken effect. To check it: every operation of the key that
/// completed `ok` (and every `cas` whose failure says that the value was another) is in it once; operations that completed
/// `fail` are not; others may be. No operation stands after one that was invoked after it had completed. And the model
/// allows each operation with its answer in the state that the ones before it leave. Several lines of one key are orders
/// of parts that have nothing to do with each other, such as the elements of a set.
public struct CertificateFile: Sendable, Hashable {
    static let format = "polygraph-certificate"
    static let version: Int64 = 1

    /// One line: the order of a key, or of one part of it.
    public struct Order: Sendable, Hashable {
        public var key: Value?
        /// The indices (order of record) of the invocations.
        public var indices: [Int]
    }

    public var model: String
    /// How the model was made.
    public var modelOptions: ModelOptions
    public var failedCAS: LinearizabilityOptions.FailedCAS
    public var orders: [Order]

    /// The value before any operation, as it was given.
    public var initial: Value { modelOptions.initial }

    /// - Parameters:
    ///   - model: the model's name.
    ///   - options: how the model was made.
    ///   - orders: for every key the positions of the invocations in the history, in a valid order.
    public init(
        model: String, options: ModelOptions, failedCAS: LinearizabilityOptions.FailedCAS,
        orders: [(key: Value?, order: [Int])], of history: History
    ) {
        self.model = model
        modelOptions = options
        self.failedCAS = failedCAS
        self.orders = orders.map { entry in
            Order(key: entry.key, indices: entry.order.map { history.operations[$0].index })
        }
    }

    /// The file's bytes.
    public func render() -> [UInt8] {
        var bytes: [UInt8] = []
        JSONWriter.append(
            .object([
                "format": .string(Self.format), "version": .integer(Self.version), "model": .string(model),
                "initial": initial, "nilRead": .string(modelOptions.nilRead.rawValue),
                "permits": .integer(Int64(modelOptions.permits)), "failedCAS": .string(failedCAS.rawValue),
            ]), to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        for order in orders {
            JSONWriter.append("{", to: &bytes)
            if let key = order.key {
                JSONWriter.append("\"key\":", to: &bytes)
                JSONWriter.append(key, to: &bytes)
                JSONWriter.append(",", to: &bytes)
            }
            JSONWriter.append("\"order\":[", to: &bytes)
            for (place, index) in order.indices.enumerated() {
                if place > 0 { JSONWriter.append(",", to: &bytes) }
                JSONWriter.append(Int64(index), to: &bytes)
            }
            JSONWriter.append("]}\n", to: &bytes)
        }
        return bytes
    }

    /// Reads a certificate back.
    /// - Throws: `HistoryError` with line and what was expected.
    public init(_ bytes: [UInt8]) throws(HistoryError) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty ?? false { lines.removeLast() }
        guard let first = lines.first else { throw HistoryError("the certificate is empty") }
        let header = try Self.value(first, line: 1)
        guard header["format"]?.stringValue == Self.format else {
            throw HistoryError("the field \"format\" must be \"\(Self.format)\"", line: 1)
        }
        guard header["version"]?.integerValue == Self.version else {
            throw HistoryError("the field \"version\" must be \(Self.version)", line: 1)
        }
        guard let model = header["model"]?.stringValue else {
            throw HistoryError("the field \"model\" must be the name of a model", line: 1)
        }
        guard let reading = header["failedCAS"]?.stringValue.flatMap(LinearizabilityOptions.FailedCAS.init(rawValue:))
        else {
            throw HistoryError("the field \"failedCAS\" must be \"mismatch\", \"observes\" or \"ignored\"", line: 1)
        }
        guard let nilRead = header["nilRead"]?.stringValue.flatMap(NilRead.init(rawValue:)) else {
            throw HistoryError("the field \"nilRead\" must be \"value\" or \"any\"", line: 1)
        }
        guard let permits = header["permits"]?.integerValue, permits > 0 else {
            throw HistoryError("the field \"permits\" must be a whole number from 1", line: 1)
        }
        self.model = model
        modelOptions = ModelOptions(initial: header["initial"] ?? .null, nilRead: nilRead, permits: Int(permits))
        failedCAS = reading
        orders = []
        for (place, line) in lines.enumerated().dropFirst() {
            let value = try Self.value(line, line: place + 1)
            guard let elements = value["order"]?.elements else {
                throw HistoryError("the field \"order\" must be a list of indices", line: place + 1)
            }
            var indices: [Int] = []
            indices.reserveCapacity(elements.count)
            for element in elements {
                guard let index = element.integerValue, index >= 0 else {
                    throw HistoryError("an index must be a whole number from 0, found \(element)", line: place + 1)
                }
                indices.append(Int(index))
            }
            orders.append(Order(key: value["key"], indices: indices))
        }
    }

    private static func value(_ line: ArraySlice<UInt8>, line number: Int) throws(HistoryError) -> Value {
        do throws(HistoryError) {
            return try JSONParser.parse(Array(line))
        } catch {
            var error = error
            error.line = number
            throw error
        }
    }

    /// Replays all orders against the history.
    /// - Parameter model: the model that `model` and `initial` name.
    /// - Returns: nil where the certificate proves that the history is linearizable, otherwise what is wrong with it.
    public func fault(of history: History, model: any Model) -> String? { joined(history, model) }

    /// With operations of all keys in one order where the checker judges them together.
    private func joined<M: Model>(_ history: History, _ model: M) -> String? {
        JoinedKeys.isNeeded(history, model) ? replay(history, JoinedKeys(base: model)) : replay(history, model)
    }

    private func replay<M: Model>(_ history: History, _ model: M) -> String? {
        var positions: [Int: Int] = [:]
        for position in history.invocations { positions[history.operations[position].index] = position }
        var parts: [Value?: [[Int]]] = [:]
        for order in orders {
            var part: [Int] = []
            part.reserveCapacity(order.indices.count)
            for index in order.indices {
                guard let position = positions[index] else { return "the history has no invocation of index \(index)" }
                part.append(position)
            }
            parts[order.key, default: []].append(part)
        }
        let verifier = WitnessVerifier(history, model: model, failedCAS: failedCAS)
        return verifier.fault(inAll: parts.mapValues(Self.merged))
    }

    /// Orders of independent parts as one order: each operation stands where the last invocation up to it in its own
    /// order does, which is never after its completion.
    private static func merged(_ parts: [[Int]]) -> [Int] {
        if parts.count == 1 { return parts[0] }
        var placed: [(point: Int, part: Int, place: Int, position: Int)] = []
        for (number, part) in parts.enumerated() {
            var point = -1
            for (place, position) in part.enumerated() {
                point = max(point, position)
                placed.append((point, number, place, position))
            }
        }
        return placed.sorted { ($0.point, $0.part, $0.place) < ($1.point, $1.part, $1.place) }.map(\.position)
    }

    /// Reads a certificate and replays it.
    /// - Parameter model: the model that the certificate names.
    /// - Returns: nil where it proves that the history is linearizable, otherwise what is wrong with it.
    /// - Throws: `HistoryError` where the bytes are no certificate.
    public static func verify(_ bytes: [UInt8], against history: History, model: any Model) throws(HistoryError)
        -> String?
    {
        try CertificateFile(bytes).fault(of: history, model: model)
    }
}
