/// Calls from a pure function: the k-th call depends on the seed and k only.
public struct FunctionGenerator: Generator {
    private let calls: RandomSource
    private let choices: RandomSource
    private let make: @Sendable (inout RandomSource, Int) -> Call
    private var count = 0

    /// - Parameter make: gives the k-th call, k from 0; gets a random source of its own for each.
    public init(seed: UInt64, _ make: @escaping @Sendable (inout RandomSource, Int) -> Call) {
        let root = RandomSource(seed: seed).split("function")
        calls = root.split("calls")
        choices = root.split("workers")
        self.make = make
    }

    public mutating func next(_ context: Context) -> Next {
        guard let worker = context.freeWorker(choice: choices.word(at: count)) else { return .pending(until: .max) }
        var random = calls.split(count)
        let call = make(&random, count)
        count += 1
        return .invoke(Invocation(time: context.dueTime, worker: worker, call: call))
    }
}

/// The calls of a list in their order, once or again and again.
public struct CallList: Generator {
    private let calls: [Call]
    private let isEndless: Bool
    private let choices: RandomSource
    private var count = 0

    public init(_ calls: [Call], isEndless: Bool = false) {
        self.calls = calls
        self.isEndless = isEndless
        choices = RandomSource(seed: 0).split("call list")
    }

    public mutating func next(_ context: Context) -> Next {
        guard !calls.isEmpty, isEndless || count < calls.count else { return .exhausted }
        guard let worker = context.freeWorker(choice: choices.word(at: count)) else { return .pending(until: .max) }
        let call = calls[count % calls.count]
        count += 1
        return .invoke(Invocation(time: context.dueTime, worker: worker, call: call))
    }
}

/// The same call once from every worker, each as soon as it is free.
public struct OncePerWorker: Generator {
    private let call: Call
    private var done: [UInt64] = []

    public init(_ call: Call) { self.call = call }

    public mutating func next(_ context: Context) -> Next {
        if done.isEmpty { done = Array(repeating: 0, count: context.members.count) }
        var isComplete = true
        for word in context.members.indices {
            let rest = context.members[word] & ~done[word]
            if rest != 0 { isComplete = false }
            let ready = rest & context.free[word]
            guard ready != 0 else { continue }
            let worker = word << 6 + ready.trailingZeroBitCount
            done[word] |= ready & (0 &- ready)
            return .invoke(Invocation(time: context.dueTime, worker: worker, call: call))
        }
        return isComplete ? .exhausted : .pending(until: .max)
    }
}
