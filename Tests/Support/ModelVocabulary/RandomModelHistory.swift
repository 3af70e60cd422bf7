import PolygraphHistory
import PolygraphModels

/// Makes small histories of any model: concurrent, with crashes, refusals, equal requests, and answers that are mostly,
/// but not always, right.
public struct RandomModelHistory<M: Model> {
    private let vocabulary: ModelVocabulary
    private let model: M
    private let maximumOperations: Int

    public init(_ vocabulary: ModelVocabulary, _ model: M, maximumOperations: Int = 6) {
        self.vocabulary = vocabulary
        self.model = model
        self.maximumOperations = maximumOperations
    }

    private struct Client {
        var process: Int
        var request: Int?
        var answer: (kind: Operation.Kind, value: Value, error: String?)?
    }

    /// The events of the history of a seed.
    public func make(seed: UInt64) -> [Operation] {
        var random = VocabularyRandom(seed)
        let operations = 1 + random.below(maximumOperations)
        var clients = (0..<(1 + random.below(4))).map { Client(process: $0) }
        let crashes = [0, 0, 15, 40][random.below(4)]
        let noise = [0, 5, 15, 40][random.below(4)]
        // Few requests make many equal ones.
        let requests = random.below(3) == 0 ? 2 + random.below(2) : vocabulary.requests.count
        let first = random.below(vocabulary.requests.count)
        var state = model.initial
        var events: [Operation] = []
        var issued = 0
        var open = 0
        var nextProcess = clients.count
        var late: [Call] = []
        func append(_ client: Client, _ kind: Operation.Kind, _ value: Value, error: String? = nil) {
            guard let request = client.request else { return }
            events.append(
                Operation(
                    index: events.count, time: Int64(events.count) * 1_000_000, process: .client(client.process),
                    kind: kind, function: vocabulary.requests[request].function, key: vocabulary.key, value: value,
                    error: error))
        }
        while issued < operations || open > 0 {
            if !late.isEmpty, random.below(4) == 0 {
                state = model.step(state, late.removeLast()) ?? state
            }
            let place = random.below(clients.count)
            guard let chosen = clients[place].request else {
                if issued == operations { continue }
                issued += 1
                open += 1
                let request = (first + random.below(requests)) % vocabulary.requests.count
                clients[place].request = request
                append(clients[place], .invoke, vocabulary.requests[request].input)
                continue
            }
            let request = vocabulary.requests[chosen]
            if clients[place].answer == nil, random.below(5) < 3 {
                clients[place].answer = answer(request, clients[place].process, &state, noise, &random)
                continue
            }
            open -= 1
            let crashed = random.below(100) < crashes
            if crashed {
                if clients[place].answer == nil, random.below(2) == 0 {
                    late.append(
                        vocabulary.call(request, process: clients[place].process, output: nil, outcome: .unknown))
                }
                // An operation without completion is one of unknown outcome as well.
                if random.below(3) > 0 { append(clients[place], .info, request.input) }
                clients[place] = Client(process: nextProcess)
                nextProcess += 1
                continue
            }
            // Nothing fits, or nothing happened yet: a wrong answer, or none.
            let wrong = request.answers[random.below(request.answers.count)]
            let ending =
                clients[place].answer
                ?? (random.below(100) < noise ? (.ok, wrong, nil) : (.fail, request.input, "refused"))
            append(clients[place], ending.kind, ending.value, error: ending.error)
            clients[place].request = nil
            clients[place].answer = nil
        }
        return events
    }

    /// What the client hears, with the change that comes with it; nil where the model has no answer in this state.
    private func answer(
        _ request: ModelVocabulary.Request, _ process: Int, _ state: inout M.State, _ noise: Int,
        _ random: inout VocabularyRandom
    ) -> (kind: Operation.Kind, value: Value, error: String?)? {
        let offset = random.below(request.answers.count)
        if random.below(100) < noise {
            let call = vocabulary.call(request, process: process, output: nil, outcome: .unknown)
            if random.below(2) == 0 { state = model.step(state, call) ?? state }
            return (.ok, request.answers[offset], nil)
        }
        for number in request.answers.indices {
            let answer = request.answers[(number + offset) % request.answers.count]
            let call = vocabulary.call(request, process: process, output: answer, outcome: .happened)
            if let next = model.step(state, call) {
                state = next
                return (.ok, answer, nil)
            }
        }
        return request.canBeRefused ? (.fail, request.input, "mismatch") : nil
    }
}

/// SplitMix64: small, seeded, the same everywhere.
public struct VocabularyRandom {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    /// A number from 0 to `limit` - 1.
    public mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((word ^ (word >> 31)).multipliedFullWidth(by: UInt64(limit)).high)
    }
}
