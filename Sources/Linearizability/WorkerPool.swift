import Glibc
import Synchronization

/// Runs independent pieces of work on threads of their own, never on the cooperative pool.
enum WorkerPool {
    /// Cores that this process may use.
    static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// What the threads of one `map` share.
    private final class Job<Local, Output: Sendable>: Sendable {
        let count: Int
        let next = Atomic<Int>(0)
        let outputs: Mutex<[Output?]>
        let local: @Sendable () -> Local
        let work: @Sendable (Local, Int) -> Output

        init(
            count: Int, local: @escaping @Sendable () -> Local, work: @escaping @Sendable (Local, Int) -> Output
        ) {
            self.count = count
            self.local = local
            self.work = work
            outputs = Mutex(Array(repeating: nil, count: count))
        }

        func run() {
            let local = local()
            while true {
                let piece = next.add(1, ordering: .relaxed).oldValue
                if piece >= count { return }
                let output = work(local, piece)
                outputs.withLock { $0[piece] = output }
            }
        }
    }

    /// A closure that a thread can be started with.
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Does `work` for 0 ..< `count` on up to `threads` threads; the results come in that order, whoever made them.
    static func map<Output: Sendable>(
        _ count: Int, threads: Int, _ work: @escaping @Sendable (Int) -> Output
    ) -> [Output] {
        map(count, threads: threads, local: {}, { _, piece in work(piece) })
    }

    /// The same where every thread has something of its own, made by `local`, that its pieces share.
    static func map<Local, Output: Sendable>(
        _ count: Int, threads: Int, local: @escaping @Sendable () -> Local,
        _ work: @escaping @Sendable (Local, Int) -> Output
    ) -> [Output] {
        let job = Job(count: count, local: local, work: work)
        var started: [pthread_t] = []
        for _ in 1..<max(1, min(threads, count)) {
            var thread = pthread_t()
            let body = Unmanaged.passRetained(Body { job.run() })
            let status = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, body.toOpaque())
            if status == 0 {
                started.append(thread)
            } else {
                // Without another thread the work still gets done, on this one.
                body.release()
            }
        }
        job.run()
        for thread in started { pthread_join(thread, nil) }
        return job.outputs.withLock { $0.map { $0! } }
    }
}
