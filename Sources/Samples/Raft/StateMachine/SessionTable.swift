/// The last request of every client and its answer, so that a retry is answered instead of applied again.
///
/// Bounded: the client whose last request is oldest in the log is forgotten first. Everything depends on the log
/// alone, so all members forget the same clients at the same entry.
struct SessionTable: Equatable, Sendable {
    struct Session: Equatable, Sendable {
        var request: UInt64
        var isMismatch: Bool
        var index: LogIndex
    }

    /// Clients that are remembered. A member uses one name per request in progress, so this is a multiple of what a
    /// cluster can have under way while a retry is possible.
    let limit: Int
    private(set) var sessions: [String: Session] = [:]
    /// Clients in the order of their requests; an item counts only if it is still the client's last one.
    private var order: [(index: LogIndex, client: String)] = []
    private var oldest = 0

    init(limit: Int = 16_384) { self.limit = limit }

    static func == (left: SessionTable, right: SessionTable) -> Bool { left.sessions == right.sessions }

    /// The answer given before to this request, if it is not a new one.
    func answer(to request: UInt64, of client: String) -> Answer? {
        guard let session = sessions[client], request <= session.request else { return nil }
        if request < session.request { return .superseded }
        return session.isMismatch ? .mismatch : .done
    }

    mutating func record(_ answer: Answer, to request: UInt64, of client: String, at index: LogIndex) {
        sessions[client] = Session(request: request, isMismatch: answer == .mismatch, index: index)
        order.append((index, client))
        while sessions.count > limit { forgetOldest() }
        if oldest > 1024, oldest > order.count / 2 { dropForgotten() }
        if order.count - oldest > 4 * limit { dropOvertaken() }
    }

    private mutating func forgetOldest() {
        let (index, client) = order[oldest]
        oldest += 1
        if sessions[client]?.index == index { sessions[client] = nil }
    }

    private mutating func dropForgotten() {
        order.removeSubrange(..<oldest)
        oldest = 0
    }

    private mutating func dropOvertaken() {
        dropForgotten()
        order.removeAll { sessions[$0.client]?.index != $0.index }
    }

    // MARK: Snapshots

    func write(to writer: inout ByteWriter) {
        let sorted = sessions.sorted { $0.value.index < $1.value.index }
        writer.write(UInt32(sorted.count))
        for (client, session) in sorted {
            writer.write(client)
            writer.write(session.request)
            writer.write(UInt8(session.isMismatch ? 1 : 0))
            writer.write(session.index)
        }
    }

    mutating func read(from reader: inout ByteReader) throws(DecodingFailure) {
        let count: UInt32 = try reader.number()
        for _ in 0..<count {
            let client = try reader.text()
            let request: UInt64 = try reader.number()
            let isMismatch = try reader.number(UInt8.self) == 1
            let index: LogIndex = try reader.number()
            sessions[client] = Session(request: request, isMismatch: isMismatch, index: index)
            order.append((index, client))
        }
    }
}
