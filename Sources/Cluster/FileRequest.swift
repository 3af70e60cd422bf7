/// What the controller asks of a node's agent about the node's data directory.
enum FileRequest {
    case corrupt(FileCorruption)
    case snapshot(pattern: String)
    case rollBack
    /// Empties it; the node must not run.
    case wipe

    var words: [String] {
        switch self {
        case .corrupt(let corruption): ["corrupt"] + corruption.words
        case .snapshot(let pattern): ["snapshot", pattern]
        case .rollBack: ["roll-back"]
        case .wipe: ["wipe"]
        }
    }

    init?(words: [String]) {
        switch words.first {
        case "corrupt":
            guard let corruption = FileCorruption(words: Array(words.dropFirst())) else { return nil }
            self = .corrupt(corruption)
        case "snapshot" where words.count == 2: self = .snapshot(pattern: words[1])
        case "roll-back": self = .rollBack
        case "wipe": self = .wipe
        default: return nil
        }
    }
}

extension FileCorruption {
    var words: [String] {
        let (name, amount): (String, Int64) =
            switch kind {
            case .flip(let bits): ("flip", Int64(bits))
            case .truncate(let most): ("truncate", most)
            case .copy(let length): ("copy", length)
            case .zero(let length): ("zero", length)
            }
        return [name, String(amount), files, String(limit), String(seed)]
    }

    init?(words: [String]) {
        guard words.count == 5, let amount = Int64(words[1]), let limit = Int(words[3]), let seed = UInt64(words[4])
        else { return nil }
        let kind: Kind
        switch words[0] {
        case "flip": kind = .flip(bits: Int(amount))
        case "truncate": kind = .truncate(most: amount)
        case "copy": kind = .copy(length: amount)
        case "zero": kind = .zero(length: amount)
        default: return nil
        }
        self.init(kind, files: words[2], limit: limit, seed: seed)
    }
}

extension FileDamage {
    var words: [String] { [path, String(offset), String(length), change] }

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 4, let offset = Int64(words[1]), let length = Int64(words[2]) else { return nil }
        self.init(path: words[0], offset: offset, length: length, change: words[3])
    }
}
