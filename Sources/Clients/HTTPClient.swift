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

    /// Prepares the requests; opens no connection yet.
    /// - Throws: `ClientError.definite` when the node's address makes no host.
    public init(_ spec: HTTPClientSpec, node: TemplateNode, nodes: [TemplateNode]) throws(ClientError) {
        for function in spec.functions {
            let request = try function.request.bound(to: node, among: nodes)
            let known = connections.firstIndex { $0.host == request.host && $0.port == request.port }
            if known == nil { connections.append(HTTPConnection(host: request.host, port: request.port)) }
            routes[function.name] = Route(
                function: function, request: request, connection: known ?? connections.count - 1)
        }
    }

    public func invoke(_ request: Request) throws(ClientError) -> Completion {
        guard let route = routes[request.function] else {
            throw .definite("the client has no function `\(request.function)`")
        }
        route.request.render(request, into: &bytes, scratch: &scratch)
        let response = try connections[route.connection].exchange(
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
