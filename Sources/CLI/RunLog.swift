import Glibc
import Synchronization

/// `polygraph.log`: what Polygraph itself did, with wall times.
final class RunLog: Sendable {
    private let descriptor: Mutex<Int32>

    init(path: String) {
        descriptor = Mutex(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644))
    }

    deinit { descriptor.withLock { if $0 >= 0 { _ = close($0) } } }

    func write(_ text: String) {
        let line = Array("\(Self.wallTime()) \(text)\n".utf8)
        descriptor.withLock { descriptor in
            // A log that cannot be written is no reason to give a run up.
            if descriptor >= 0 { _ = Glibc.write(descriptor, line, line.count) }
        }
    }

    /// Wall time in UTC, ISO 8601.
    static func wallTime(secondsAgo: Double = 0) -> String {
        var seconds = time(nil) - Int(secondsAgo)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
