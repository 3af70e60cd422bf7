import CLinux
import Glibc
import PolygraphCluster
import PolygraphNemesis
import Synchronization

/// Reads what the nodes write, line by line as it comes, for the triggers that wait for a text.
final class LogWatch: Sendable {
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<Thread?>(nil)

    /// Nanoseconds between two looks.
    private static let interval: Int64 = 2_000_000

    /// - Parameter origin: `CLOCK_MONOTONIC` at the beginning of the run.
    init(transport: any Transport, triggers: TriggerWatch, origin: Int64) {
        let initial = transport.nodes.flatMap { node in
            transport.outputFiles(of: node).map { FollowedLog(path: $0, node: node.name) }
        }
        thread.withLock { thread in
            thread = Thread { [self] in
                var logs = initial
                while !stopping.load(ordering: .acquiring) {
                    for place in logs.indices {
                        for line in logs[place].newLines() {
                            triggers.take(
                                .log(line: line, node: logs[place].node), at: clinux_monotonic_ns() - origin)
                        }
                    }
                    clinux_sleep_ns(LogWatch.interval)
                }
            }
        }
    }

    /// Ends the thread and waits for it.
    func stop() {
        stopping.store(true, ordering: .releasing)
        thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }?.join()
    }
}

/// A file that grows. What was in it before does not count.
struct FollowedLog: Sendable {
    let node: String
    private let path: String
    private var offset: Int
    /// The beginning of a line whose end is not written yet.
    private var torn: [UInt8] = []

    /// A line longer than this is cut.
    private static let longestLine = 65_536

    init(path: String, node: String) {
        self.path = path
        self.node = node
        offset = Self.size(path)
    }

    private static func size(_ path: String) -> Int {
        var information = stat()
        return stat(path, &information) == 0 ? Int(information.st_size) : 0
    }

    /// The lines that have been finished since the last call.
    mutating func newLines() -> [String] {
        let size = Self.size(path)
        guard size > offset else {
            // Whoever empties a log begins anew.
            if size < offset { (offset, torn) = (size, []) }
            return []
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: min(size - offset, 1 << 20))
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(offset)) }
        guard count > 0 else { return [] }
        offset += count
        torn += bytes[..<count]
        var lines = torn.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let rest = lines.removeLast()
        let result = lines.map { String(decoding: $0, as: UTF8.self) }
        torn = Array(rest.suffix(Self.longestLine))
        return result
    }
}
