import PolygraphHistory

/// The models that users can name.
public enum ModelCatalog {
    /// A model with one line for `polygraph list models`.
    public struct Entry: Sendable {
        public let name: String
        /// One line on what it is and which functions it has.
        public let summary: String
        private let maker: @Sendable (ModelOptions) throws(ModelOptionsError) -> any Model

        fileprivate init(
            _ name: String, _ summary: String,
            _ maker: @escaping @Sendable (ModelOptions) throws(ModelOptionsError) -> any Model
        ) {
            self.name = name
            self.summary = summary
            self.maker = maker
        }

        /// Makes the model.
        /// - Throws: `ModelOptionsError` for an option that the model cannot use, such as an initial value of the
        ///   wrong form.
        public func make(_ options: ModelOptions) throws(ModelOptionsError) -> any Model { try maker(options) }
    }

    public static let entries: [Entry] = registers + locks + collections + numbers

    private static let registers: [Entry] = [
        Entry("register", "one value per key: read, write") { Register(initial: $0.initial, nilRead: $0.nilRead) },
        Entry("cas-register", "one value per key: read, write, cas [from, to]") {
            CASRegister(initial: $0.initial, nilRead: $0.nilRead)
        },
        Entry("multi-register", "several registers: read, write, cas, txn [[r, key, value], [w, key, value] …]") {
            options throws(ModelOptionsError) in
            MultiRegister(
                initial: Dictionary(try options.pairs(for: "multi-register")) { $1 }, nilRead: options.nilRead)
        },
        Entry("kv", "a map: get, put, delete, cas, txn") { options throws(ModelOptionsError) in
            KeyValueMap(initial: Dictionary(try options.pairs(for: "kv")) { $1 })
        },
        Entry("string-kv", "a map of strings: get, put, append") { options throws(ModelOptionsError) in
            var strings: [Value: String] = [:]
            for (key, value) in try options.pairs(for: "string-kv") {
                guard let text = value.stringValue else {
                    throw ModelOptionsError("the initial values of string-kv are strings, and \(value) is none")
                }
                strings[key] = text
            }
            return StringMap(initial: strings)
        },
    ]

    private static let locks: [Entry] = [
        Entry("mutex", "a lock that anyone may release: acquire, release") { options throws(ModelOptionsError) in
            guard options.initial == .null || options.initial.boolValue != nil else {
                throw ModelOptionsError("the initial value of mutex is true (held) or false, not \(options.initial)")
            }
            return OwnerlessMutex(initial: options.initial.boolValue ?? false)
        },
        Entry("owner-mutex", "a lock that only its holder may release: acquire, release") {
            OwnerMutex(owner: $0.initial == .null ? nil : $0.initial)
        },
        Entry("reentrant-mutex", "a lock that its holder may acquire again: acquire, release") {
            ReentrantMutex(owner: $0.initial == .null ? nil : $0.initial)
        },
        Entry("fenced-mutex", "a lock whose acquire returns a growing token: acquire, release") {
            options throws(ModelOptionsError) in
            FencedMutex(
                lastToken: options.initial == .null ? nil : try options.integer(0, for: "fenced-mutex"))
        },
        Entry("semaphore", "a number of permits: acquire, release, of one or of n") {
            options throws(ModelOptionsError) in
            guard options.permits > 0 else {
                throw ModelOptionsError(.permits, "a semaphore has at least one permit, not \(options.permits)")
            }
            let free = try options.integer(Int64(options.permits), for: "semaphore")
            guard (0...Int64(options.permits)).contains(free) else {
                throw ModelOptionsError(
                    "the initial value of semaphore is the number of free permits, 0 to \(options.permits), not \(free)"
                )
            }
            return CountingSemaphore(permits: options.permits, initial: free)
        },
        Entry("leader", "at most one leader a term: elected [term, leader], leader") {
            options throws(ModelOptionsError) in
            LeaderElection(initial: Dictionary(try options.pairs(for: "leader")) { $1 })
        },
    ]

    private static let collections: [Entry] = [
        Entry("fifo-queue", "first in, first out: enqueue, dequeue") { options throws(ModelOptionsError) in
            FIFOQueue(initial: try options.elements(for: "fifo-queue"))
        },
        Entry("unordered-queue", "a queue in any order: enqueue, dequeue") { options throws(ModelOptionsError) in
            UnorderedQueue(initial: try options.elements(for: "unordered-queue"))
        },
        Entry("stack", "last in, first out: push, pop") { options throws(ModelOptionsError) in
            LIFOStack(initial: try options.elements(for: "stack"))
        },
        Entry("priority-queue", "the least integer first: insert, poll") { options throws(ModelOptionsError) in
            var numbers: [Int64] = []
            for value in try options.elements(for: "priority-queue") {
                guard let number = value.integerValue else {
                    throw ModelOptionsError("the initial values of priority-queue are integers, and \(value) is none")
                }
                numbers.append(number)
            }
            return PriorityQueue(initial: numbers)
        },
        Entry("set", "elements that come and go: add, remove, contains, read") { options throws(ModelOptionsError) in
            ElementSet(initial: Set(try options.elements(for: "set")))
        },
        Entry("g-set", "elements that only come: add, read") { options throws(ModelOptionsError) in
            GrowOnlySet(initial: Set(try options.elements(for: "g-set")))
        },
        Entry("log", "a list that only grows: append, read") { options throws(ModelOptionsError) in
            AppendOnlyLog(initial: try options.elements(for: "log"))
        },
    ]

    private static let numbers: [Entry] = [
        Entry("counter", "a number: add, increment, decrement, read") { options throws(ModelOptionsError) in
            Counter(initial: try options.integer(0, for: "counter"))
        },
        Entry("fetch-and-add", "a number whose change returns what it was: fetch-and-add, read") {
            options throws(ModelOptionsError) in
            FetchAndAdd(initial: try options.integer(0, for: "fetch-and-add"))
        },
        Entry("unique-ids", "ids that are never given out twice: generate") { options throws(ModelOptionsError) in
            UniqueIDs(initial: Set(try options.elements(for: "unique-ids")))
        },
    ]

    /// The model of a name as in a workload file, or nil where there is none or it cannot start from `initial`.
    /// - Parameter initial: the value before any operation, in the form that the model documents; null for its own.
    public static func model(named name: String, initial: Value = .null) -> (any Model)? {
        try? entries.first { $0.name == name }?.make(ModelOptions(initial: initial))
    }
}
