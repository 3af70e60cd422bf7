import Glibc
import PolygraphChecking
import PolygraphHistory
import PolygraphReports
import PolygraphRunner
import Synchronization

/// The live status on standard error: one line that is redrawn on a terminal, a plain line every five seconds
/// elsewhere.
final class StatusLine: Sendable {
    /// Columns; a line that reaches the edge of a terminal would be wrapped, and could not be redrawn.
    private static let width = 80

    private let status: RunStatus
    private let log: RunLog
    private let quiet: Bool
    private let finished = Atomic<Bool>(false)
    private let drawing = Mutex(false)

    init(status: RunStatus, quiet: Bool, log: RunLog) {
        self.status = status
        self.quiet = quiet
        self.log = log
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<StatusLine>.fromOpaque(argument!).takeRetainedValue().redraw()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    /// Takes the line away; nothing is drawn any more.
    func finish() {
        finished.store(true, ordering: .releasing)
        drawing.withLock { isDrawn in
            if isDrawn { Console.error("\r\u{1B}[K", terminator: "") }
            isDrawn = false
        }
    }

    private func redraw() {
        var ticks = 0
        var before = 0
        var isAnnounced = false
        while !finished.load(ordering: .acquiring) {
            usleep(200_000)
            ticks += 1
            if !isAnnounced, let verdict = status.verdictSoFar, verdict.verdict == .invalid {
                isAnnounced = true
                announce(
                    "INVALID after \(status.time.load(ordering: .relaxed) / 1_000_000_000) s: \(verdict.summary ?? "")")
            }
            let interval = Console.errorIsTerminal ? 5 : 25
            guard ticks % interval == 0 else { continue }
            let ok = status.ok.load(ordering: .relaxed)
            let perSecond = (ok - before) * 5 / interval
            before = ok
            draw(line(ok: ok, perSecond: perSecond))
        }
    }

    private func line(ok: Int, perSecond: Int) -> String {
        let time = status.time.load(ordering: .relaxed)
        let faults = status.faults
        // Before there is an operation, what is being prepared is all there is to say.
        if time == 0, ok == 0 { return status.phase }
        var text = "\(time / 1_000_000_000) s  \(status.phase)  \(perSecond) ok/s  \(ok) ok"
        text += "  \(status.fail.load(ordering: .relaxed)) fail  \(status.info.load(ordering: .relaxed)) info"
        if let verdict = status.verdictSoFar {
            text += verdict.verdict == .invalid ? "  INVALID" : "  \(verdict.verdict.rawValue) so far"
        }
        if !faults.isEmpty { text += "  [\(faults.joined(separator: ", "))]" }
        return text
    }

    /// A sentence that stays, over as many lines as it takes.
    private func announce(_ sentence: String) {
        log.write(sentence)
        guard !quiet else { return }
        let lines = Terminal(colour: false, width: Self.width).wrapped(sentence, indent: "  ", first: "")
        drawing.withLock { isDrawn in
            if isDrawn { Console.error("\r\u{1B}[K", terminator: "") }
            isDrawn = false
            Console.error(lines.joined(separator: "\n"))
        }
    }

    private func draw(_ line: String) {
        log.write(line)
        guard !quiet else { return }
        drawing.withLock { isDrawn in
            guard !finished.load(ordering: .acquiring) else { return }
            let line = line.count < Self.width ? line : line.prefix(Self.width - 2) + "…"
            if Console.errorIsTerminal {
                Console.error("\r\u{1B}[K" + line, terminator: "")
                isDrawn = true
            } else {
                Console.error(line)
            }
        }
    }
}
