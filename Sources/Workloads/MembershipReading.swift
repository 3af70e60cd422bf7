import PolygraphClients
import PolygraphHistory
import PolygraphSystems

extension NodeReader {
    /// `membership: {join, leave, view, start, wipe, timeout}`
    /// - Parameters:
    ///   - usual: how nodes are started otherwise.
    ///   - program: what `{{polygraph}}` stands for.
    func membership(
        usual: [Template], environment: [String: Template], program: String
    ) -> DeclaredMembership? {
        let known = ["join", "leave", "view", "start", "wipe", "timeout"]
        guard let fields = mapping("how members come and go", known: known) else { return nil }
        let form = "a request or command, such as {post: \"http://{{member.address}}:7000/members\", json: {…}}"
        let join = fields.required("join", "how the cluster is told that a node joins: \(form)")?.memberCall()
        let leave = fields.required("leave", "how the cluster is told that a node leaves: \(form)")?.memberCall()
        let view = fields["view"].map { $0.memberView() }
        let start = fields["start"].map { $0.command() }
        let wipe = fields["wipe"].map { $0.bool() } ?? false
        let timeout = fields["timeout"].map { $0.duration() } ?? 10_000_000_000
        guard let join, let leave, let wipe, let timeout else { return nil }
        return DeclaredMembership(
            join: join, leave: leave, view: view ?? nil, start: start ?? nil, usual: usual, environment: environment,
            needsEmptyData: wipe, timeout: timeout, program: program)
    }

    /// `{post: URL, json: …}` or `{command: […]}`
    private func memberCall() -> DeclaredMembership.Call? {
        let methods = HTTPMethod.allCases.map { (key: $0.rawValue.lowercased(), method: $0) }
        guard let fields = mapping("a request or command", known: methods.map(\.key) + ["json", "command"]) else {
            return nil
        }
        let given = (methods.map(\.key) + ["command"]).filter { fields[$0] != nil }
        guard given.count == 1 else {
            fail(
                given.isEmpty
                    ? "says neither a method with its URL nor a `command`"
                    : "has \(given.map { "`\($0)`" }.joined(separator: " and ")); it takes one")
            return nil
        }
        if let command = fields["command"] {
            fields["json"]?.fail("is for requests, not for commands")
            return command.command(.membership).map(DeclaredMembership.Call.command)
        }
        let body = fields["json"].map { $0.jsonTemplate(.membership) }
        guard let method = methods.first(where: { $0.key == given[0] })?.method,
            let url = fields[given[0]]?.url(.membership)
        else { return nil }
        if let body, body == nil { return nil }
        return .http(HTTPRequestTemplate(method, url, body: body ?? nil))
    }

    /// `{get: URL, value: "$.members", settled: "$.settled"}`
    private func memberView() -> DeclaredMembership.View? {
        guard let fields = mapping("how a node is asked for the members", known: ["get", "value", "settled"]) else {
            return nil
        }
        let url = fields.required("get", "the URL to ask, such as `http://{{node.address}}:7000/members`")?.url(.probe)
        let value = fields["value"].map { $0.jsonPath() } ?? (try? JSONPath("$"))
        let settled = fields["settled"].map { $0.jsonPath() }
        guard let url, let value else { return nil }
        return DeclaredMembership.View(url: url, value: value, settled: settled ?? nil)
    }
}
