import PolygraphClients
import PolygraphHistory

extension NodeReader {
    /// `workload: {register: {…}}`
    func workload() -> WorkloadSpec? {
        guard let fields = mapping("the workload", known: ["register"]) else { return nil }
        return fields.required("register", "what clients do, such as {register: {keys: 20, cas: true}}")?
            .register().map { .register($0) }
    }

    private func register() -> RegisterSpec? {
        let known = ["keys", "cas", "values", "mix", "final-reads"]
        // `register:` with nothing behind it means all defaults.
        if value == .null { return RegisterSpec() }
        guard let fields = mapping("a register workload", known: known) else { return nil }
        let keys = fields["keys"].map { $0.integer(1...100_000, "a number of keys") } ?? 20
        let cas = fields["cas"].map { $0.bool() } ?? false
        let values = fields["values"].map { $0.registerValues() } ?? .distinct
        let finalReads = fields["final-reads"].map { $0.bool() } ?? true
        let mix = fields["mix"].map { $0.mix(cas: cas ?? true) }
        guard let keys, let cas, let values, let finalReads else { return nil }
        return RegisterSpec(keys: keys, cas: cas, values: values, mix: mix ?? nil, finalReads: finalReads)
    }

    private func registerValues() -> RegisterSpec.Values? {
        if word == "distinct" { return .distinct }
        if case .integer(let count) = value, (2...1_000_000).contains(count) { return .small(Int(count)) }
        expected("`distinct`, or how many different values there are (2 … 1000000)")
        return nil
    }

    /// `{read: 4, write: 3, cas: 3}`
    private func mix(cas: Bool) -> RegisterSpec.Mix? {
        let known = ["read", "write", "cas"]
        guard let fields = mapping("how often each function comes", known: known) else { return nil }
        var weights: [String: Double] = [:]
        for name in known {
            guard let reader = fields[name] else { continue }
            guard let weight = reader.value.doubleValue, weight.isFinite else {
                reader.expected("a number such as 3 or 0.5")
                continue
            }
            if weight < 0 { reader.fail("must not be negative; found \(reader.value)") }
            weights[name] = weight
        }
        if !cas, let reader = fields["cas"], weights["cas", default: 0] > 0 {
            reader.fail("there is no cas in this workload: set `cas: true` beside `mix`")
        }
        let mix = RegisterSpec.Mix(
            read: weights["read", default: 0], write: weights["write", default: 0], cas: weights["cas", default: 0])
        if mix.write + mix.cas <= 0 {
            fail("nothing is ever written: `write` or `cas` must be more than 0")
            return nil
        }
        if mix.read + mix.cas <= 0 {
            fail("nothing is ever read, so nothing can be checked: `read` must be more than 0")
            return nil
        }
        return mix
    }
}
