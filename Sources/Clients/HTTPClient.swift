import PolygraphHistory

/// A client for a system that speaks HTTP and JSON, as a workload file describes it.
public final class HTTPClient: Client {
    private struct Route {
        var function: HTTPFunction
        var request: BoundHTTPRequest
        /// Position in `connections`.
        var connection: Int
    }

    private var routes: [String: Route] = [:]
    /// One for every host and port that the functions use: nearly always one.
    private var connections: [HTTPConnection] = []
    private var bytes: [UInt8] = []
    private var scratch: [UInt8] = []
    private let keyPrefix: String
    private let meter: TrafficMeter?

    /// Prepares the requests; opens no connection yet.
    /// - Parameters:
    ///   - access: TLS and credentials.
    ///   - way: who stands between the client and its node; nil: nobody.
    ///   - keyPrefix: stands before every key that is sent.
    ///   - meter: counts bytes.
    /// - Throws: `ClientError.definite` when the node's address makes no host.
    public init(
        _ spec: HTTPClientSpec, node: TemplateNode, nodes: [TemplateNode], access: HTTPAccess = .open,
        way: ConnectionRoute? = nil, keyPrefix: String = "", meter: TrafficMeter? = nil
    ) throws(ClientError) {
        self.keyPrefix = keyPrefix
        self.meter = meter
        for function in spec.functions + [spec.delete].compactMap({ $0 }) {
            let request = try function.request.bound(to: node, among: nodes, access: access)
            let known = connections.firstIndex {
                $0.host == request.host && $0.port == request.port && $0.isSecure == request.isSecure
            }
            if known == nil {
                connections.append(
                    HTTPConnection(
                        host: request.host, port: request.port, isSecure: request.isSecure, access: access, route: way))
            }
            routes[function.name] = Route(
                function: function, request: request, connection: known ?? connections.count - 1)
        }
    }

    public func invoke(_ request: Request) throws(ClientError) -> Completion {
        guard let route = routes[request.function] else {
            throw .definite("the client has no function `\(request.function)`")
        }
        if keyPrefix.isEmpty {
            route.request.render(request, into: &bytes, scratch: &scratch)
        } else {
            var prefixed = request
            prefixed.key = request.key.map { .string(keyPrefix + ($0.stringValue ?? $0.description)) }
            route.request.render(prefixed, into: &bytes, scratch: &scratch)
        }
        let connection = connections[route.connection]
        let before = connection.traffic
        defer { meter?.add(connection.traffic - before) }
        let response = try connection.exchange(
            bytes, changesNothing: route.function.changesNothing, expectsNoBody: route.request.method == .head,
            deadline: Deadline(nanoseconds: request.deadline))
        return try route.function.completion(of: response)
    }

    public func close() {
        for connection in connections { connection.close() }
    }
}

extension HTTPFunction {
    /// What an answer means.
    /// - Throws: `ClientError.definite` where the answer, or the function, says that nothing was changed;
    ///   `ClientError.indeterminate` for every other answer that does not say clearly how the operation ended.
    func completion(of response: HTTPResponse) throws(ClientError) -> Completion {
        if absent.contains(response.status) { return Completion(.ok, value: .null) }
        if fail.contains(response.status) {
            return Completion(.fail, error: name == "cas" ? "mismatch" : "refused with HTTP \(response.status)")
        }
        if (200..<300).contains(response.status) {
            guard let value else { return Completion(.ok) }
            return Completion(.ok, value: try result(at: value, response))
        }
        let document = try? JSONParser.parse(response.body)
        let reason = document?["error"]?.stringValue ?? response.excerpt
        let message = "HTTP \(response.status)" + (reason.isEmpty ? "" : ": \(reason)")
        if changesNothing { throw .definite(message) }
        if let definite, let document, definite.value(in: document) == .bool(true) { throw .definite(message) }
        throw .indeterminate(message)
    }

    private func result(at path: ResultPath, _ response: HTTPResponse) throws(ClientError) -> Value {
        let problem: String
        do {
            if let result = try path.value(in: try JSONParser.parse(response.body)) { return result }
            if isAbsentWhenMissing { return .null }
            problem = "has no \(path)"
        } catch let error as HistoryError {
            problem = "is no JSON (\(error.description))"
        } catch {
            problem = "has no \(path): \(error)"
        }
        let message = "the answer (HTTP \(response.status)) \(problem): \(response.excerpt)"
        throw changesNothing ? .definite(message) : .indeterminate(message)
    }
}
