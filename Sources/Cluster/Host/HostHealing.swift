import CLinux
import Glibc

/// Undoes what a helper that is gone has left on its host, from its journal alone.
enum HostHealing {
    /// What came of it, one sentence each.
    struct Outcome: Sendable {
        var done: [String] = []
        /// What is still as it was, and stays in the journal.
        var failed: [String] = []
    }

    /// - Parameter trueStart: when the machine was started last, in nanoseconds since 1970, for a clock that was bent
    ///   before; nil: nobody knows.
    static func undo(_ folder: HostFolder, trueStart: Int64? = nil) -> Outcome {
        let journal = HostJournal(folder)
        let entries = journal.unfinished()
        var outcome = Outcome()
        if entries.isEmpty { return outcome }
        func attempt(_ done: String, _ body: () throws(ClusterError) -> Bool) {
            do throws(ClusterError) {
                if try body() { outcome.done.append(done) }
            } catch {
                outcome.failed.append(error.description)
            }
        }
        // Who still runs could go on changing things.
        for case .process(let number, let began) in entries.reversed() {
            attempt("ended process \(number)") { () throws(ClusterError) in try end(number, began: began) }
        }
        for id in Set(entries.compactMap(\.linksIdentifier)).sorted() {
            attempt("removed the rules of \(id) from the packet filter") { () throws(ClusterError) in
                try HostNetwork.removeEverything(id: id)
                return true
            }
        }
        if let record = entries.lazy.compactMap(\.clockRecord).last {
            attempt("set the clock right") { () throws(ClusterError) in try restoreClock(record, trueStart) }
        }
        for case .group(let path) in entries where access(path, F_OK) == 0 { ControlGroups.remove(path) }
        if outcome.failed.isEmpty {
            attempt("") { () throws(ClusterError) in
                try journal.append([.undone])
                return false
            }
        }
        return outcome
    }

    /// Sets a clock right that was bent before the machine was started again, which may have taken the wrong time over
    /// from its real-time clock. Does nothing where none was.
    static func restoreClockOfEarlierBoot(
        _ folder: HostFolder, trueTime: Int64, device: ClockDevice = .system, programs: HostPrograms = HostPrograms()
    ) throws(ClusterError) {
        guard let record = HostJournal(folder).unfinished().lazy.compactMap(\.clockRecord).last,
            var clock = HostClock(record: record, device: device, services: TimeServices(programs: programs)),
            !clock.knowsTrueTime
        else { return }
        try clock.restore(trueTime: trueTime)
    }

    private static func restoreClock(_ record: [String], _ trueStart: Int64?) throws(ClusterError) -> Bool {
        guard var clock = HostClock(record: record) else {
            throw ClusterError("set the clock right on", "the record of the true time cannot be understood: \(record)")
        }
        let trueTime = trueStart.flatMap { start in HostUptime.now.map { start + $0 } }
        guard clock.knowsTrueTime || trueTime != nil else {
            throw ClusterError(
                "set the clock right on",
                "the machine was started again since, and what it knew of the true time is gone; `polygraph heal` with "
                    + "the run's folder knows it, or let the host ask its time server")
        }
        try clock.restore(trueTime: trueTime)
        return true
    }

    /// Ends one of our processes, if it is still the same.
    private static func end(_ number: Int32, began: UInt64) throws(ClusterError) -> Bool {
        func isThere() -> Bool {
            guard number != getpid(), let text = readFile("/proc/\(number)/stat"),
                let entry = ProcessEntry(statistics: text)
            else { return false }
            return entry.startTime == began && entry.isAlive
        }
        guard isThere() else { return false }
        kill(number, SIGKILL)
        let limit = lab_monotonic_time() + 5_000_000_000
        while isThere() {
            if lab_monotonic_time() > limit { throw ClusterError("end process \(number) on", "it does not end") }
            usleep(2_000)
        }
        return true
    }
}

extension HostJournal.Entry {
    fileprivate var linksIdentifier: String? { if case .links(let id) = self { id } else { nil } }

    fileprivate var clockRecord: [String]? { if case .clock(let record) = self { record } else { nil } }
}
