import PolygraphClients
import PolygraphHistory

extension NodeReader {
    /// `client: {http: {…}}`, and how the cluster lets it in.
    func client() -> (requests: HTTPClientSpec, access: HTTPAccessSpec)? {
        guard let fields = mapping("the client", known: ["http"] + Self.accessKeys) else { return nil }
        let access = access(fields)
        let functions = ["read", "write", "cas"]
        guard
            let http = fields.required("http", "the requests for read, write and cas")?
                .mapping("the requests", known: functions + [HTTPClientSpec.deleteName, "definite"])
        else { return nil }
        let definite = http["definite"].map { $0.jsonPath() } ?? nil
        var delete = http[HTTPClientSpec.deleteName].flatMap { $0.function(HTTPClientSpec.deleteName, definite: nil) }
        // A key that was never written need not be removed.
        delete?.absent.formUnion([404, 410])
        let requests = HTTPClientSpec(
            functions: functions.compactMap { name in
                http[name].flatMap { $0.function(name, definite: definite) }
            }, delete: delete)
        if access.tls != nil, !requests.usesTLS { fields["tls"]?.fail("no request goes to a URL with https://") }
        return (requests, access)
    }

    /// `{put: URL, json: …, value: …, absent: …, fail: …, definite: …}`
    private func function(_ name: String, definite: JSONPath?) -> HTTPFunction? {
        let methods = HTTPMethod.allCases.map { (key: $0.rawValue.lowercased(), method: $0) }
        let known = methods.map(\.key) + ["json", "value", "absent", "fail", "definite"]
        guard let fields = mapping("a request", known: known) else { return nil }
        let given = methods.filter { fields[$0.key] != nil }
        guard given.count == 1 else {
            fail(
                given.isEmpty
                    ? "a method with its URL is missing, such as `get: \"http://{{node.address}}:7000/kv/{{key}}\"` "
                        + "(one of: \(methods.map(\.key).joined(separator: ", ")))"
                    : "has \(given.map { "`\($0.key)`" }.joined(separator: " and ")); it takes one method")
            return nil
        }
        let (key, method) = given[0]
        let scope = PlaceholderScope.request(name)
        let url = fields[key]?.url(scope)
        let body = fields["json"].map { $0.jsonTemplate(scope) } ?? nil
        var value = fields["value"].map { $0.resultPath() } ?? nil
        if name == "read", fields["value"] == nil { value = try? ResultPath("$") }
        let absences = fields["absent"]?.oneOrMore ?? []
        let isMissing = { (reader: NodeReader) in reader.word == "missing" }
        let absent = Set(
            absences.filter { !isMissing($0) }.compactMap { $0.statusCode("an HTTP status code or `missing`") })
        if name != "read", let reader = fields["absent"] { reader.fail("only a `read` can find nothing") }
        let fail = fields["fail"]?.statusCodes() ?? []
        let own = fields["definite"].map { $0.jsonPath() } ?? nil
        if let both = absent.intersection(fail).min() {
            self.fail("the status \(both) cannot mean both `absent` and `fail`")
        }
        guard let url else { return nil }
        if method == .head, value != nil {
            self.fail("the answer to a HEAD request has no content to read a value from")
        }
        return HTTPFunction(
            name: name, request: HTTPRequestTemplate(method, url, body: body), value: value, absent: absent,
            isAbsentWhenMissing: absences.contains(where: isMissing), fail: fail, definite: own ?? definite)
    }

    /// One HTTP status code or several.
    private func statusCodes() -> Set<Int> {
        Set(oneOrMore.compactMap { $0.statusCode("an HTTP status code") })
    }

    private func statusCode(_ what: String) -> Int? { integer(200...599, what) }
}
