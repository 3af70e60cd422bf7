import PolygraphHistory

/// All kinds of fault as a table in Markdown, for `Documentation/faults.md` and `polygraph list faults --markdown`.
public enum FaultTable {
    /// The lines of the document between which the table stands.
    public static let beginning = "<!-- What follows is written by `polygraph list faults --markdown`. -->"
    public static let end = "<!-- What `polygraph list faults --markdown` writes ends here. -->"

    /// The table with both marks, one heading for each group; ends with a line feed.
    public static var markdown: String {
        var lines = [beginning, ""]
        for group in FaultDescription.Group.allCases {
            let kinds = FaultCatalog.descriptions.filter { $0.group == group }.sorted { $0.name < $1.name }
            guard !kinds.isEmpty else { continue }
            lines.append("### \(group.rawValue.prefix(1).uppercased() + group.rawValue.dropFirst())")
            lines += [
                "", "| fault | what it does | parameters | where | needs | proof | undo |",
                "|---|---|---|---|---|---|---|",
            ]
            for kind in kinds {
                let cells = [
                    "`\(kind.name)`", kind.summary, parameters(kind), kind.reachWords, kind.needs, kind.proof,
                    kind.undo,
                ]
                lines.append("| " + cells.map(cell).joined(separator: " | ") + " |")
            }
            lines.append("")
        }
        return lines.joined(separator: "\n") + "\n" + end + "\n"
    }

    private static func cell(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("\n", with: " ")
    }

    private static func parameters(_ kind: FaultDescription) -> String {
        kind.parameters.map { parameter in
            var text = "`\(parameter.name)`: \(parameter.summary); \(form(parameter.form))"
            if let standard = parameter.standard {
                text += "; default `\(shown(standard, parameter.form))`"
            } else if parameter.isRequired {
                text += "; required"
            }
            if parameter.name == kind.shorthand { text += " (`\(kind.name): …` means this one)" }
            return text
        }.joined(separator: "<br>")
    }

    private static func form(_ form: FaultParameter.Form) -> String {
        switch form {
        case .duration: "a duration such as `500ms`"
        case .share(let low, let high):
            "a share, more than \(Quantity.describe(fraction: low)) and at most \(Quantity.describe(fraction: high))"
        case .count(let range): "a number" + bounds(range)
        case .bytes: "an amount such as `10MB`"
        case .byteRate: "a rate such as `1MB/s`"
        case .number(let range):
            range.upperBound < .greatestFiniteMagnitude
                ? "a number, \(short(range.lowerBound)) … \(short(range.upperBound))"
                : "a number from \(short(range.lowerBound))"
        case .flag: "`true` or `false`"
        case .word(let words): "one of " + words.map { "`\($0)`" }.joined(separator: " ")
        case .words(let words): "one or more of " + words.map { "`\($0)`" }.joined(separator: " ")
        case .text(let what): what
        case .texts(let what): "one or more: \(what)"
        case .target: "a [target](#targets)"
        case .free(let example): "such as `\(example)`"
        }
    }

    private static func bounds(_ range: ClosedRange<Int>) -> String {
        range.upperBound < Int.max ? ", \(range.lowerBound) … \(range.upperBound)" : " from \(range.lowerBound)"
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    }

    /// As it would stand in a workload file.
    private static func shown(_ value: Value, _ form: FaultParameter.Form) -> String {
        switch (form, value) {
        case (.duration, .integer(let nanoseconds)):
            return Quantity.describe(duration: nanoseconds).replacing(" ", with: "")
        case (.share, .double(let share)): return Quantity.describe(fraction: share)
        case (.bytes, .integer(let bytes)): return Quantity.describe(bytes: bytes)
        case (.byteRate, .integer(let bytes)): return Quantity.describe(bytes: bytes) + "/s"
        case (.number, .double(let number)): return short(number)
        default: break
        }
        if let elements = value.elements {
            return elements.map { $0.stringValue ?? $0.description }.joined(separator: ", ")
        }
        return value.stringValue ?? value.description
    }
}
