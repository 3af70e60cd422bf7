// How many operations a second one HTTP client makes of a server on loopback that answers at once: reads and writes
// in turn over one kept-alive connection. Prints operations per second, best and median of several runs.
import Glibc
import PolygraphClients
import PolygraphHistory

func monotonic() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

let server = AnsweringServer()
let url = "http://{{node.address}}:\(server.port)/kv/{{key}}"
let spec = HTTPClientSpec(functions: [
    HTTPFunction(
        name: "read", request: HTTPRequestTemplate(.get, try URLTemplate(url, .request("read"))),
        value: try ResultPath("$.value")),
    HTTPFunction(
        name: "write",
        request: HTTPRequestTemplate(
            .put, try URLTemplate(url, .request("write")),
            body: try Template(json: ["value": "{{value}}"], .request("write")))),
])
let node = TemplateNode(name: "n1", address: "127.0.0.1", index: 1)
let operations = 60_000
var rates: [Double] = []
for _ in 0..<5 {
    let client = try HTTPClient(spec, node: node, nodes: [node])
    let begin = monotonic()
    for number in 0..<operations {
        let request = Request(
            function: number % 2 == 0 ? "read" : "write", key: "k1", value: .integer(Int64(number)), process: 0,
            operation: number, deadline: .max)
        let completion = try client.invoke(request)
        precondition(completion.kind == .ok)
    }
    rates.append(Double(operations) / (Double(monotonic() - begin) / 1e9))
    client.close()
}
rates.sort()
print(
    "HTTP client: one connection, \(operations) operations: median \(Int(rates[rates.count / 2])) operations/s, "
        + "best \(Int(rates.last!)) operations/s")
