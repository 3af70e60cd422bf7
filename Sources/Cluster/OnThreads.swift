import Synchronization

/// Work that blocks, for several things at once.
enum OnThreads {
    private final class Results<Result: Sendable>: Sendable {
        let stored: Mutex<[Result?]>

        init(count: Int) { stored = Mutex([Result?](repeating: nil, count: count)) }
    }

    /// Does something for every element, each on a thread of its own, and waits for all.
    /// - Returns: the results, in the order of the elements.
    static func run<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @escaping @Sendable (Element) -> Result
    ) -> [Result] {
        let results = Results<Result>(count: elements.count)
        var threads: [NativeThread] = []
        for (place, element) in elements.enumerated() {
            let body: @Sendable () -> Void = {
                let result = work(element)
                results.stored.withLock { $0[place] = result }
            }
            // Without a thread to be had, one after the other is slower but right.
            do throws(ClusterError) { threads.append(try NativeThread(body)) } catch { body() }
        }
        for thread in threads { thread.join() }
        return results.stored.withLock { $0.map { $0! } }
    }
}
