import CLinux
import Glibc
import PolygraphReports

/// Standard output and standard error, and what they can show.
enum Console {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Colour for a terminal that wants it (https://no-color.org).
    static func wantsColour(_ isTerminal: Bool) -> Bool {
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
        return isTerminal && !noColour && !isDumb
    }

    /// Columns of the terminal, or 80.
    static var width: Int {
        var size = winsize()
        guard outputIsTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return min(max(Int(size.ws_col), 40), 120)
    }

    static func print(_ text: String, terminator: String = "\n") { write(STDOUT_FILENO, text + terminator) }

    static func error(_ text: String, terminator: String = "\n") { write(STDERR_FILENO, text + terminator) }

    private static func write(_ descriptor: Int32, _ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
