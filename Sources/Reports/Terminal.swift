import PolygraphChecking

/// Styles for a terminal. Whether there may be colour (`NO_COLOR`, a terminal at the other end) is decided by
/// the command line.
public struct Terminal: Sendable, Hashable {
    /// What a piece of text is, which decides how it looks.
    public enum Style: Sendable, Hashable {
        case strong, quiet, good, bad, doubtful, link

        fileprivate var code: String {
            switch self {
            case .strong: "1"
            case .quiet: "2"
            case .good: "32"
            case .bad: "1;31"
            case .doubtful: "33"
            case .link: "4"
            }
        }
    }

    /// Whether escape sequences are written at all.
    public var colour: Bool
    /// How many columns a line may take.
    public var width: Int

    public init(colour: Bool, width: Int = 80) {
        self.colour = colour
        self.width = max(width, 40)
    }

    /// The text in that style, and as it is where there is no colour.
    public func styled(_ text: String, _ style: Style) -> String {
        colour && !text.isEmpty ? "\u{1B}[\(style.code)m\(text)\u{1B}[0m" : text
    }

    /// The style of a verdict.
    public static func style(of verdict: Verdict) -> Style {
        switch verdict {
        case .valid: .good
        case .invalid: .bad
        case .unknown: .doubtful
        }
    }

    /// The colour of an answer about a weaker level.
    static func style(of verdict: LevelResult.Verdict) -> Style {
        switch verdict {
        case .holds: .good
        case .fails: .bad
        case .unknown: .doubtful
        }
    }

    /// Breaks text into lines of at most the terminal's width, each with that indent; the first may have a prefix
    /// of its own instead. A word that is longer than a line is broken too; of a very long one the middle is left out.
    /// Control characters, terminal escapes among them, are made visible.
    public func wrapped(_ text: String, indent: String = "", first: String? = nil) -> [String] {
        var lines: [String] = []
        var line = first ?? indent
        var used = SafeText.columns(line)
        var empty = true
        let room = max(width - SafeText.columns(indent), 10)

        func finish() {
            lines.append(line)
            line = indent
            used = SafeText.columns(indent)
            empty = true
        }
        for word in SafeText.clean(text).split(separator: " ") {
            var rest = Self.shortened(word)
            let needed = SafeText.columns(rest)
            if !empty, used + 1 + needed > width { finish() }
            while SafeText.columns(rest) > width - used, empty {
                let limit = min(room, width - used)
                var head = ""
                var taken = 0
                while let character = rest.first, taken + SafeText.columns(character) <= limit {
                    head.append(character)
                    taken += SafeText.columns(character)
                    rest.removeFirst()
                }
                line += head
                finish()
            }
            guard !rest.isEmpty else { continue }
            if !empty {
                line += " "
                used += 1
            }
            line += rest
            used += SafeText.columns(rest)
            empty = false
        }
        if !empty || lines.isEmpty { lines.append(line) }
        return lines
    }

    /// Beginning and end of a word that fills many lines: a value that nobody reads whole here. The reports for
    /// programs have it whole.
    private static func shortened(_ word: Substring) -> String {
        guard word.utf8.count > 400 else { return String(word) }
        let omitted = word.count - 240
        guard omitted > 0 else { return String(word) }
        return "\(word.prefix(200))…(\(Units.count(omitted)) more)…\(word.suffix(40))"
    }

    /// Breaks a shell command into lines that a shell accepts as one command; a single long word is left whole,
    /// because it could not be copied otherwise.
    public func wrappedCommand(_ command: String, indent: String) -> [String] {
        var lines: [String] = []
        var line = indent
        var empty = true
        // Lines of the text inside quotes must not be touched, so a break may only come where a word ends outside them.
        for word in Self.words(SafeText.clean(command, keepingLines: true)) {
            if !empty, SafeText.columns(line) + 1 + SafeText.columns(word) > width - 2 {
                lines.append(line + " \\")
                line = indent + "  "
                empty = true
            }
            line += empty ? word : " " + word
            empty = false
        }
        lines.append(line)
        return lines
    }

    /// Splits at spaces outside quotes.
    private static func words(_ command: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var escaped = false
        for character in command {
            if escaped {
                escaped = false
            } else if character == "\\", quote != "'" {
                escaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
            } else if quote == nil, character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}

/// A table of text for a terminal, whose widest flexible column gives way when the line is too long.
struct TextTable {
    enum Alignment: Sendable { case left, right }

    struct Column {
        var title: String
        var alignment: Alignment = .left
        /// Whether the column may be wrapped over several lines to fit the width.
        var flexible = false
    }

    private let columns: [Column]
    private var rows: [[(text: String, style: Terminal.Style?)]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: [(String, Terminal.Style?)]) {
        rows.append(cells.map { (SafeText.clean($0.0), $0.1) })
    }

    mutating func add(_ cells: [String]) { add(cells.map { ($0, nil) }) }

    func render(_ terminal: Terminal, indent: String = "  ") -> [String] {
        let widths = self.widths(terminal, indent: indent)
        var lines = [line(columns.map { ($0.title, Terminal.Style?.some(.quiet)) }, widths, terminal, indent)]
        for row in rows {
            let wrapped = row.indices.map { position -> [String] in
                guard columns[position].flexible else { return [row[position].text] }
                return Terminal(colour: false, exactly: widths[position]).wrapped(row[position].text)
            }
            for part in 0..<(wrapped.map(\.count).max() ?? 1) {
                let cells = row.indices.map { position in
                    (part < wrapped[position].count ? wrapped[position][part] : "", row[position].style)
                }
                lines.append(line(cells, widths, terminal, indent))
            }
        }
        return lines
    }

    /// Every column as wide as its widest cell; what is too much is taken from the flexible ones, widest first.
    private func widths(_ terminal: Terminal, indent: String) -> [Int] {
        var widths = columns.indices.map { position in
            rows.reduce(SafeText.columns(columns[position].title)) { max($0, SafeText.columns($1[position].text)) }
        }
        var excess = SafeText.columns(indent) + widths.reduce(0, +) + 2 * (columns.count - 1) - terminal.width
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].flexible && widths[$0] > 12 }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(
        _ cells: [(text: String, style: Terminal.Style?)], _ widths: [Int], _ terminal: Terminal, _ indent: String
    ) -> String {
        var line = indent
        for (position, cell) in cells.enumerated() {
            if position > 0 { line += "  " }
            let padding = String(repeating: " ", count: max(0, widths[position] - SafeText.columns(cell.text)))
            let text = cell.style.map { terminal.styled(cell.text, $0) } ?? cell.text
            let isLast = position == cells.count - 1
            line += columns[position].alignment == .right ? padding + text : isLast ? text : text + padding
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}

extension Terminal {
    /// A column of exactly this width, which may be narrower than any terminal.
    fileprivate init(colour: Bool, exactly width: Int) {
        self.colour = colour
        self.width = width
    }
}
