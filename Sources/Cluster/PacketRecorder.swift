import CLinux
import Glibc
import Synchronization

/// Writes the frames of the switch to a file, on a thread of its own, with what became of each as a comment.
final class PacketRecorder: Sendable {
    /// The switch's side.
    let ring: PacketRing
    private let stopping = Atomic<Bool>(false)
    private let recorded = Atomic<Int>(0)
    private let failure = Atomic<Int32>(0)
    private let notes = Mutex<[(time: Int64, text: String)]>([])
    private let thread = Mutex<NativeThread?>(nil)

    /// 16 MiB: a tenth of a second at more than a gigabit per second.
    private static let capacity = 1 << 24
    private static let pause: UInt32 = 2_000

    /// Creates the file.
    /// - Parameter ports: the names of the switch's ports.
    init(_ path: String, ports: [String]) throws(ClusterError) {
        let file = try CaptureFile(path, ports: ports)
        ring = PacketRing(capacity: PacketRecorder.capacity)
        do throws(ClusterError) {
            let thread = try NativeThread { [self] in write(file, ports) }
            self.thread.withLock { $0 = thread }
        } catch {
            file.close()
            throw error
        }
    }

    deinit { ring.deallocate() }

    /// Frames in the file.
    var recordedFrames: Int { recorded.load(ordering: .relaxed) }
    /// Frames that the file lacks, because they came faster than it could be written.
    var missedFrames: Int { ring.missed }
    /// Why the file is not whole; nil where it is.
    var failureText: String? {
        let code = failure.load(ordering: .relaxed)
        return code == 0 ? nil : errorText(code)
    }

    /// Adds a note at the present moment.
    func note(_ text: String) {
        let time = lab_monotonic_time()
        notes.withLock { $0.append((time, text)) }
    }

    /// Writes what is left, and ends the thread. The switch must have ended. Harmless when called again.
    func finish() {
        thread.withLock { thread in
            guard let running = thread else { return }
            thread = nil
            stopping.store(true, ordering: .releasing)
            running.join()
        }
    }

    private func write(_ file: CaptureFile, _ ports: [String]) {
        var file = file
        // What the true clock shows beside the one that only runs forward.
        let origin = lab_real_time() - lab_monotonic_time()
        while true {
            let isLast = stopping.load(ordering: .acquiring)
            for note in takeNotes() { file.append(note: note.text, time: note.time + origin) }
            while ring.read({ record, frame in
                file.append(
                    frame, interface: Int(record.from), time: record.time + origin,
                    comment: PacketRecorder.comment(record, ports))
            }) {
                _ = recorded.wrappingAdd(1, ordering: .relaxed)
                if file.isFull { file.flush() }
            }
            if isLast { break }
            file.flush()
            if file.failure != 0 { failure.store(file.failure, ordering: .relaxed) }
            usleep(PacketRecorder.pause)
        }
        let end = lab_monotonic_time() + origin
        if missedFrames > 0 {
            file.append(
                note: "\(missedFrames) frames are missing: they came faster than they could be written", time: end)
        }
        file.append(missed: missedFrames, time: end)
        file.flush()
        if file.failure != 0 { failure.store(file.failure, ordering: .relaxed) }
        file.close()
    }

    private func takeNotes() -> [(time: Int64, text: String)] {
        notes.withLock { notes in
            defer { notes.removeAll() }
            return notes
        }
    }

    /// What became of a frame; nil where nothing did.
    private static func comment(_ record: PacketRing.Record, _ ports: [String]) -> String? {
        guard record.fate != 0 || record.delay > 0 else { return nil }
        typealias Fate = LinkPipeline.Fate
        var words: [String] = []
        for (bit, word) in [
            (Fate.cut, "cut"), (Fate.lost, "lost"), (Fate.queueFull, "lost in a full queue"),
            (Fate.reset, "connection reset"), (Fate.corrupted, "corrupted"), (Fate.duplicated, "duplicated"),
            (Fate.heldBack, "held back"),
        ] where record.fate & bit != 0 { words.append(word) }
        if record.delay > 0 {
            let microseconds = (record.delay + 500) / 1000
            let rest = String(microseconds % 1000 + 1000).dropFirst()
            words.append("delayed by \(microseconds / 1000).\(rest) ms")
        }
        return "\(ports[Int(record.from)]) to \(ports[Int(record.to)]): " + words.joined(separator: ", ")
    }
}
