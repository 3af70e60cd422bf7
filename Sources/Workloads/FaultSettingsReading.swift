import PolygraphClients
import PolygraphHistory
import PolygraphNemesis

/// Reads the settings of one kind of fault, by the forms that its description gives them.
struct FaultSettingsReading {
    let kind: any Fault.Type
    let shape: ClusterShape

    /// The settings with what the kind takes where the file says nothing; nil when there is a mistake.
    func settings(_ reader: NodeReader) -> FaultSettings? {
        let description = kind.description
        var readers: [String: NodeReader] = [:]
        if let shorthand = description.shorthand, !reader.isMapping || !names(reader).isSubset(of: parameterNames) {
            readers[shorthand] = reader
        } else {
            let form = "what \(description.name) does"
            guard let fields = reader.mapping(form, known: description.parameters.map(\.name)) else { return nil }
            for parameter in description.parameters { readers[parameter.name] = fields[parameter.name] }
        }
        var settings = FaultSettings()
        var isWhole = true
        for parameter in description.parameters {
            if let field = readers[parameter.name] {
                if let value = value(parameter.form, field) {
                    settings[parameter.name] = value
                } else {
                    isWhole = false
                }
            } else if parameter.isRequired {
                reader.fail("the key `\(parameter.name)` is missing: \(parameter.summary)")
                isWhole = false
            } else if let standard = parameter.standard {
                settings[parameter.name] = standard
            }
        }
        guard isWhole else { return nil }
        let problems = kind.problems(with: settings, in: shape)
        for problem in problems {
            var place = problem.parameter.flatMap { readers[$0] } ?? reader
            if let element = problem.element, place.oneOrMore.indices.contains(element) {
                place = place.oneOrMore[element]
            }
            place.fail(problem.message)
        }
        return problems.isEmpty ? settings : nil
    }

    private var parameterNames: Set<String> { Set(kind.description.parameters.map(\.name)) }

    private func names(_ reader: NodeReader) -> Set<String> {
        guard case .mapping(let entries) = reader.node.content else { return [] }
        return Set(entries.map(\.key))
    }

    private func value(_ form: FaultParameter.Form, _ reader: NodeReader) -> Value? {
        switch form {
        case .duration(let least): return reader.duration(atLeast: least).map(Value.integer)
        case .share(let low, let high): return share(reader, above: low, upTo: high)
        case .count(let range): return reader.integer(range, "a number").map { .integer(Int64($0)) }
        case .bytes(let least): return reader.size(atLeast: least).map(Value.integer)
        case .byteRate: return byteRate(reader)
        case .number(let range): return number(reader, range)
        case .flag: return reader.bool().map(Value.bool)
        case .word(let words):
            return reader.choice(words.map { ($0, Value.string($0)) }, kind.description.name)
        case .words(let words): return self.words(reader, words)
        case .text(let what): return reader.string(what).map(Value.string)
        case .texts(let what): return texts(reader, what)
        case .target: return TargetReading(shape: shape).target(reader)?.value
        case .free: return reader.value
        }
    }

    private func words(_ reader: NodeReader, _ words: [String]) -> Value? {
        let readers = reader.oneOrMore
        if readers.isEmpty {
            reader.expected("one or more of \(words.joined(separator: ", "))")
            return nil
        }
        let found = readers.compactMap { $0.choice(words.map { ($0, $0) }, kind.description.name) }
        return found.count == readers.count ? .list(found.map(Value.string)) : nil
    }

    private func texts(_ reader: NodeReader, _ what: String) -> Value? {
        let readers = reader.oneOrMore
        if readers.isEmpty {
            reader.expected("one or more of: \(what)")
            return nil
        }
        let found = readers.compactMap { $0.string(what) }
        return found.count == readers.count ? .list(found.map(Value.string)) : nil
    }

    private func share(_ reader: NodeReader, above low: Double, upTo high: Double) -> Value? {
        guard let word = reader.word, let share = Quantity.parsePercent(word) else {
            reader.expected("a share such as 5% or 0.1%")
            return nil
        }
        guard share > low, share <= high else {
            func percent(_ share: Double) -> String {
                Quantity.describe(fraction: share).replacing("%", with: " %")
            }
            reader.fail("must be more than \(percent(low)) and at most \(percent(high)); found `\(word)`")
            return nil
        }
        return .double(share)
    }

    private func number(_ reader: NodeReader, _ range: ClosedRange<Double>) -> Value? {
        if let number = reader.value.doubleValue, range.contains(number) { return .double(number) }
        reader.expected("a number (\(range.lowerBound) … \(range.upperBound))")
        return nil
    }

    private func byteRate(_ reader: NodeReader) -> Value? {
        if let word = reader.word, word.hasSuffix("/s"), let size = Quantity.parseBytes(String(word.dropLast(2))),
            size > 0
        {
            return .integer(size)
        }
        reader.expected("a rate such as 1MB/s or 64kB/s")
        return nil
    }
}
