import Glibc
import Synchronization

/// Does something for every element at the same time, each on a thread of its own, and waits for all. For work that
/// blocks; never called on the cooperative pool.
/// - Returns: the results, in the order of the elements.
func onThreads<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ work: @Sendable (Element) -> Result
) -> [Result] {
    // All threads have ended when this returns, so that `work` never outlives the call.
    withoutActuallyEscaping(work) { work in
        let results = ResultBox<Result>(count: elements.count)
        var threads: [pthread_t] = []
        for (position, element) in elements.enumerated() {
            let task = Unmanaged.passRetained(ThreadTask { results.set(position, work(element)) })
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, threadMain, task.toOpaque())
            if code == 0 {
                threads.append(thread)
            } else {
                // No thread to be had: one after the other is slower but right.
                task.takeRetainedValue().body()
            }
        }
        for thread in threads { pthread_join(thread, nil) }
        return results.all
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<ThreadTask>.fromOpaque(argument!).takeRetainedValue().body()
    return nil
}

private final class ThreadTask: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private final class ResultBox<Result: Sendable>: Sendable {
    private let results: Mutex<[Result?]>

    init(count: Int) { results = Mutex([Result?](repeating: nil, count: count)) }

    func set(_ position: Int, _ result: Result) { results.withLock { $0[position] = result } }

    var all: [Result] { results.withLock { $0.map { $0! } } }
}
