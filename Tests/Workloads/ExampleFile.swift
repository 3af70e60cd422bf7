import PolygraphWorkloads

/// The workload file of the design document, line by line as it stands there.
let exampleText = """
    # Workloads/my-kv.yaml
    name: my-kv
    nodes: 5
    system:
      start: ["./my-kv", "--id", "{{node.index}}", "--listen", "{{node.address}}:7000", "--peers", "{{nodes | addresses(7001)}}"]
      ready: {http: "http://{{node.address}}:7000/health"}
      primary: {http: "http://{{node.address}}:7000/role", equals: leader}
    client:
      http:
        read:  {get: "http://{{node.address}}:7000/kv/{{key}}", value: "$.value", absent: 404}
        write: {put: "http://{{node.address}}:7000/kv/{{key}}", json: {value: "{{value}}"}}
        cas:   {post: "http://{{node.address}}:7000/kv/{{key}}/cas", json: {from: "{{from}}", to: "{{to}}"}, fail: 409}
    workload: {register: {keys: 20, cas: true}}
    clients: {count: 10, rate: 500/s, timeout: 1s}
    faults:
      - partition: [majority-ring, isolate-primary, one-way]
      - kill: minority
      - pause: primary
      - clock: {bump: 60s, drift: 5%}
    every: 10s
    time: 60s
    check: linearizable

    """

/// Reads a text as the file `my-kv.yaml`.
func load(_ text: String, _ overrides: WorkloadOverrides = WorkloadOverrides()) throws(WorkloadFileErrors)
    -> WorkloadFile
{
    try WorkloadCatalog.load(Array(text.utf8), path: "my-kv.yaml", overrides: overrides)
}

/// The mistakes in a text, one line each; empty when there is none.
func mistakes(in text: String, _ overrides: WorkloadOverrides = WorkloadOverrides()) -> [String] {
    do throws(WorkloadFileErrors) {
        _ = try load(text, overrides)
        return []
    } catch {
        return error.errors.map(\.description)
    }
}
