import PolygraphHistory

/// Lifts a generator to many independent keys: the workers form groups, and each group works on one key at a time,
/// with a fresh generator for each. The histories of the keys are short and can be judged one by one.
///
/// Group g of G takes the keys g, g + G, g + 2G, …, so that what a group does depends on nothing that another one does.
/// Workers that are left over when the groups are formed stay idle.
public struct PerKey: Generator {
    private let keys: [Value]
    private let workersPerKey: Int
    private let make: @Sendable (Value) -> any Generator
    private var sides: SideBySide?
    /// The position in `keys` of each group's present key.
    private var present: [Int] = []

    /// - Parameters:
    ///   - workersPerKey: workers of a group; all workers form one when there are fewer.
    ///   - make: gives the generator for a key; the key is set on its calls. It must end for the next key to come.
    public init(keys: [Value], workersPerKey: Int, _ make: @escaping @Sendable (Value) -> any Generator) {
        precondition(workersPerKey > 0, "a key needs a worker")
        self.keys = keys
        self.workersPerKey = workersPerKey
        self.make = make
    }

    private mutating func prepare(_ context: Context) {
        guard sides == nil else { return }
        let workers = WorkerBits.list(context.members)
        let groups = min(max(1, workers.count / workersPerKey), keys.count)
        present = Array(0..<groups)
        sides = SideBySide(
            present.map { make(keys[$0]) },
            members: present.map { group in
                var words = Array(repeating: UInt64(0), count: context.members.count)
                for worker in workers.dropFirst(group * workersPerKey).prefix(workersPerKey) {
                    WorkerBits.insert(worker, into: &words)
                }
                return words
            })
    }

    public mutating func next(_ context: Context) -> Next {
        guard !keys.isEmpty else { return .exhausted }
        prepare(context)
        // Named one by one, so that the groups may change while the closure looks at the rest.
        let (keys, make) = (keys, make)
        var present = present
        let (group, next) = sides!.next(context) { group in
            present[group] += present.count
            return present[group] < keys.count ? make(keys[present[group]]) : nil
        }
        self.present = present
        guard case .invoke(var invocation) = next else { return next }
        invocation.call.key = keys[present[group]]
        return .invoke(invocation)
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        guard !keys.isEmpty else { return }
        prepare(context)
        sides!.update(event, context)
    }
}
