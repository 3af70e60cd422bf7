import PolygraphHistory

extension Model {
    /// The sentence for a function that the model does not have.
    func noSuchFunction(_ call: Call, has functions: String) -> String {
        "the model \(name) has no function \(call.function); it has \(functions)"
    }

    /// The sentence for a refused call of a model that has no function whose refusal is an observation.
    func refusal(_ call: Call) -> String? {
        call.outcome == .refused
            ? "the model \(name) cannot judge a refused \(call.function): it does not know what was observed" : nil
    }
}

extension Call {
    /// The number that the call carries, 1 where it carries none; nil for anything else and for less than 1.
    var amount: Int64? {
        if input == .null { return 1 }
        guard let number = input.integerValue, number > 0 else { return nil }
        return number
    }
}
