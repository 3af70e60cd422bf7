/// The forms in which histories come.
public enum HistoryFormat: String, CaseIterable, Sendable {
    /// One event a line, as `JSONLines` writes it.
    case jsonLines = "json-lines"
    /// Operation maps as Jepsen, Knossos and Elle write them: one after another, or in one vector or list.
    case edn = "edn"
    /// The same fields as JSON objects: one after another, or in one array.
    case elleJSON = "elle-json"
    /// Jepsen's log lines (`INFO jepsen.util - 3 :invoke :write 1`), as in Porcupine's etcd histories.
    case porcupineEtcd = "porcupine-etcd"
    /// Operation maps with a `:key`, as in Porcupine's key-value histories: read as `edn`.
    case porcupineKV = "porcupine-kv"

    /// The format that the beginning of a source looks like. What looks like none is `jsonLines`, whose errors are
    /// the ones to show.
    static func detect(_ window: borrowing ByteWindow) -> HistoryFormat {
        let bytes = window.bytes
        func next(_ from: Int) -> Int {
            var at = from
            while at < window.count, bytes[at] <= 0x20, bytes[at] != 0 { at += 1 }
            return at
        }
        // Behind the window stand zero bytes, so that every look ahead is allowed.
        let first = next(0)
        switch bytes[first] {
        case UInt8(ascii: "#"), UInt8(ascii: ";"), UInt8(ascii: "("): return .edn
        case UInt8(ascii: "["):
            let second = next(first + 1)
            guard bytes[second] == UInt8(ascii: "{") else {
                return bytes[second] == UInt8(ascii: "]") ? .elleJSON : .edn
            }
            return bytes[next(second + 1)] == UInt8(ascii: "\"") ? .elleJSON : .edn
        case UInt8(ascii: "{"):
            switch bytes[next(first + 1)] {
            case UInt8(ascii: "\""): return object(window, at: first)
            case UInt8(ascii: ":"), UInt8(ascii: "#"), UInt8(ascii: ";"), UInt8(ascii: ","): return .edn
            default: return .jsonLines
            }
        default:
            let end = window.lineFeed(from: first) ?? window.count
            return JepsenLogReader.isEvent(window.part(first..<end)) || bytes[first] == UInt8(ascii: "I")
                ? .porcupineEtcd : .jsonLines
        }
    }

    /// Which kind of JSON begins with this object: `JSONLines` always has all five fields, on one line.
    private static func object(_ window: borrowing ByteWindow, at start: Int) -> HistoryFormat {
        var scanner = JSONScanner(window.part(start..<window.count))
        var names: Set<String> = []
        do throws(JSONScanner.Failure) {
            try scanner.members(depth: 0) { (scanner, name, _) throws(JSONScanner.Failure) in
                names.insert(name)
                _ = try scanner.value(depth: 1)
            }
        } catch {
            return .jsonLines
        }
        if window.part(start..<start + scanner.position).contains(0x0A) { return .elleJSON }
        return names.contains("type") && !names.isSuperset(of: ["index", "time", "process", "f"])
            ? .elleJSON : .jsonLines
    }
}
