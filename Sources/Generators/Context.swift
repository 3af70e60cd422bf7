import PolygraphHistory

/// What a generator may know of the run.
public struct Context: Hashable, Sendable {
    /// Nanoseconds since the run began.
    public var time: Int64
    /// How many workers there are in all.
    public let workers: Int
    /// Which workers are free, a bit a worker, 64 a word.
    public var free: [UInt64]
    /// The worker's present process number.
    public var processes: [Int]
    /// The workers that this generator may use, as bits; all of them unless a part of the workers was set aside for
    /// it. No other worker is free.
    public internal(set) var members: [UInt64]
    /// The time for which the next call is wanted, where something outside paces this generator.
    var wanted: Int64?

    /// All workers free, at time zero; worker i runs process i.
    public init(workers: Int) {
        self.time = 0
        self.workers = workers
        self.free = WorkerBits.first(workers, of: workers)
        self.members = free
        self.processes = Array(0..<workers)
    }

    public func isFree(_ worker: Int) -> Bool { free[worker >> 6] >> UInt64(worker & 63) & 1 == 1 }

    public mutating func setFree(_ worker: Int, _ isFree: Bool) {
        if isFree {
            free[worker >> 6] |= 1 << UInt64(worker & 63)
        } else {
            free[worker >> 6] &= ~(1 << UInt64(worker & 63))
        }
    }

    /// The worker that runs a process: process numbers of one worker differ by multiples of `workers`.
    public func worker(of process: Int) -> Int { process % workers }

    /// Whether every worker that this generator may use is free.
    public var areAllFree: Bool { free == members }

    /// How many workers this generator may use.
    public var memberCount: Int { members.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The time to give to an invocation: when it is wanted, or now where nothing paces the generator.
    public var dueTime: Int64 { wanted ?? time }

    /// One of the free workers, each equally likely for a random `choice`; nil when all are busy.
    ///
    /// Never simply the first one: under light load it would do all the work, and only its node would be tested.
    public func freeWorker(choice: UInt64) -> Int? { WorkerBits.pick(free, choice: choice) }
}

/// Sets of workers, a bit a worker, 64 a word.
enum WorkerBits {
    static func first(_ count: Int, of workers: Int) -> [UInt64] {
        (0..<(workers + 63) / 64).map { word in
            let bits = max(0, min(64, count - word * 64))
            return bits == 64 ? .max : (1 << UInt64(bits)) - 1
        }
    }

    static func contains(_ words: [UInt64], _ worker: Int) -> Bool {
        worker >> 6 < words.count && words[worker >> 6] >> UInt64(worker & 63) & 1 == 1
    }

    static func insert(_ worker: Int, into words: inout [UInt64]) {
        while words.count <= worker >> 6 { words.append(0) }
        words[worker >> 6] |= 1 << UInt64(worker & 63)
    }

    static func remove(_ worker: Int, from words: inout [UInt64]) {
        if worker >> 6 < words.count { words[worker >> 6] &= ~(1 << UInt64(worker & 63)) }
    }

    static func intersect(_ left: [UInt64], _ right: [UInt64]) -> Bool {
        for word in 0..<min(left.count, right.count) where left[word] & right[word] != 0 { return true }
        return false
    }

    /// The members in ascending order.
    static func list(_ words: [UInt64]) -> [Int] {
        var workers: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                workers.append(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return workers
    }

    static func pick(_ words: [UInt64], choice: UInt64) -> Int? {
        var count = 0
        for word in words { count += word.nonzeroBitCount }
        guard count > 0 else { return nil }
        // Multiplying maps the choice to 0 ..< count with less work than a division.
        var skip = Int(choice.multipliedFullWidth(by: UInt64(count)).high)
        for (index, word) in words.enumerated() {
            let bits = word.nonzeroBitCount
            if skip >= bits {
                skip -= bits
                continue
            }
            var rest = word
            for _ in 0..<skip { rest &= rest - 1 }
            return index << 6 + rest.trailingZeroBitCount
        }
        return nil
    }
}

/// The context as a part of the workers sees it. Kept by the generator that sets them aside, so that the arrays are
/// filled in place and nothing is allocated at each question.
struct WorkerView: Sendable {
    /// The part, as bits.
    let members: [UInt64]
    private var view: Context?

    init(_ members: [UInt64]) { self.members = members }

    func contains(_ worker: Int) -> Bool { WorkerBits.contains(members, worker) }

    func hasFree(_ context: Context) -> Bool { WorkerBits.intersect(members, context.free) }

    /// Whether an event concerns the part: its own workers' operations, and everything the nemesis does.
    func concerns(_ event: Operation, _ context: Context) -> Bool {
        guard let process = event.process.number else { return true }
        return contains(context.worker(of: process))
    }

    mutating func narrow(_ context: Context) -> Context {
        if view == nil {
            view = context
            view!.members = members
        }
        view!.time = context.time
        view!.wanted = context.wanted
        view!.processes = context.processes
        for word in members.indices { view!.free[word] = context.free[word] & members[word] }
        return view!
    }
}
