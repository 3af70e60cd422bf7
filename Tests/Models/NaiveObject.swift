import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels

/// The standard objects once more, written as plainly as possible: the worlds that may follow a world, as JSON values.
///
/// A call of unknown outcome that is asked about did happen.
struct NaiveObject {
    var vocabulary: ModelVocabulary

    init(_ vocabulary: ModelVocabulary) { self.vocabulary = vocabulary }

    /// The world before any call.
    var initial: Value {
        switch vocabulary.model {
        case let model as Register: model.initial
        case let model as CASRegister: model.initial
        case let model as MultiRegister: Self.object(model.initial)
        case let model as KeyValueMap: Self.object(model.initial)
        case let model as StringMap: Self.object(model.initial)
        case let model as OwnerlessMutex: .bool(model.initial)
        case let model as FencedMutex: [.null, .integer(model.initial.token ?? -100)]
        case let model as CountingSemaphore: .integer(model.initial)
        case let model as FIFOQueue: .list(Array(model.initial))
        case is UnorderedQueue: vocabulary.variant.isEmpty ? [] : [1, 1, 2]
        case let model as LIFOStack: .list(model.initial)
        case let model as PriorityQueue: .list(model.initial.map { .integer($0) })
        case let model as ElementSet: .list(Array(model.initial))
        case let model as Counter: .integer(model.initial)
        case let model as FetchAndAdd: .integer(model.initial)
        case is LeaderElection: .object([:])
        default: []
        }
    }

    private static func object(_ map: [Value: Value]) -> Value {
        .object(Dictionary(uniqueKeysWithValues: map.map { ($0.key.stringValue ?? "", $0.value) }))
    }

    func successors(of world: Value, under call: Call) -> [Value] {
        let hears = { (value: Value) in call.output == nil || call.output == value }
        let nothing: [Value] = []
        let list = world.elements ?? []
        let number = world.integerValue ?? 0
        switch vocabulary.model.name {
        case "register", "cas-register":
            let nullReadsAny = vocabulary.variant.contains("null reads any") && call.output == .some(.null)
            if call.function == "write" { return [call.input] }
            if call.function == "read" { return hears(world) || nullReadsAny ? [world] : [] }
            let pair = call.input.elements ?? []
            if call.outcome == .refused { return pair[0] == world ? [] : [world] }
            return pair[0] == world ? [pair[1]] : []
        case "multi-register", "kv", "string-kv": return keyed(world.fields ?? [:], call).map { [.object($0)] } ?? []
        case "mutex":
            let acquires = call.function == "acquire"
            return world == .bool(acquires) ? [] : [.bool(acquires)]
        case "owner-mutex", "reentrant-mutex":
            // The world is the list of acquisitions that are not released yet.
            let caller: Value = call.input == .null ? .integer(Int64(call.process ?? -1)) : call.input
            let most = vocabulary.model.name == "owner-mutex" ? 1 : 100
            if call.function == "acquire" || call.function == "lock" {
                return list.count < most && list.allSatisfy { $0 == caller } ? [.list(list + [caller])] : []
            }
            return list.last == caller ? [.list(list.dropLast())] : []
        case "fenced-mutex": return fenced(list, call)
        case "semaphore":
            let amount = call.input.integerValue ?? 1
            let permits: Int64 = vocabulary.variant.isEmpty ? 1 : 3
            let next = call.function == "acquire" ? number - amount : number + amount
            return (0...permits).contains(next) ? [.integer(next)] : []
        case "leader":
            guard let pair = (call.function == "elected" ? call.input : call.output ?? .null).elements else {
                return [world]
            }
            var known = world.fields ?? [:]
            if known["\(pair[0])", default: pair[1]] != pair[1] { return [] }
            known["\(pair[0])"] = pair[1]
            return [.object(known)]
        case "fifo-queue":
            if call.input != .null { return [.list(list + [call.input])] }
            return hears(list.first ?? .null) ? [.list(Array(list.dropFirst()))] : []
        case "stack":
            if call.input != .null { return [.list(list + [call.input])] }
            return hears(list.last ?? .null) ? [.list(list.dropLast())] : []
        case "priority-queue":
            if call.input != .null { return [.list(list + [call.input])] }
            let least = list.min { ($0.integerValue ?? 0) < ($1.integerValue ?? 0) }
            guard let least, let place = list.firstIndex(of: least) else { return hears(.null) ? [world] : [] }
            return hears(least) ? [without(list, place)] : []
        case "unordered-queue":
            if call.input != .null { return [.list(list + [call.input])] }
            if list.isEmpty { return hears(.null) ? [world] : [] }
            return list.indices.filter { hears(list[$0]) }.map { without(list, $0) }
        case "set":
            let holds = list.contains(call.input)
            let says = call.output == call.input ? nil : call.output?.boolValue
            let rest = Value.list(list.filter { $0 != call.input })
            switch call.function {
            case "add": return says == holds ? [] : [holds ? world : .list(list + [call.input])]
            case "remove": return says == !holds ? [] : [rest]
            case "contains": return hears(.bool(holds)) ? [world] : []
            default: return sameElements(list, call.output) ? [world] : []
            }
        case "g-set":
            if call.function == "add" { return [.list(list + [call.input])] }
            return sameElements(list, call.output) ? [world] : []
        case "counter":
            let amount = call.input.integerValue ?? 1
            switch call.function {
            case "add", "increment": return [.integer(number + amount)]
            case "decrement": return [.integer(number - amount)]
            default: return hears(world) ? [world] : []
            }
        case "fetch-and-add":
            return hears(world) ? [.integer(number + (call.input.integerValue ?? 0))] : []
        case "log":
            if call.function == "read" { return hears(world) ? [world] : [] }
            let place = Value.integer(Int64(list.count))
            let fits: [Value?] = [.none, .some(.null), .some(call.input), .some(place), .some([place, call.input])]
            return fits.contains(call.output) ? [.list(list + [call.input])] : []
        case "unique-ids":
            guard let id = call.output else { return [world] }
            return list.contains(id) ? [] : [.list(list + [id])]
        default: return nothing
        }
    }

    private func without(_ list: [Value], _ place: Int) -> Value {
        .list(list.indices.filter { $0 != place }.map { list[$0] })
    }

    private func sameElements(_ list: [Value], _ output: Value?) -> Bool {
        guard let told = output?.elements else { return output == nil }
        return list.allSatisfy(told.contains) && told.allSatisfy(list.contains)
    }

    /// The world is the holder and the last token; a token that nobody saw is tried from -10 to 12.
    private func fenced(_ world: [Value], _ call: Call) -> [Value] {
        let last = world[1].integerValue ?? 0
        let caller = Value.integer(Int64(call.process ?? -1))
        if call.function == "release" {
            let allowed = call.input == .null ? world[0] == caller : world[0] != .null && call.input == world[1]
            return allowed ? [[.null, world[1]]] : []
        }
        guard world[0] == .null else { return [] }
        let tokens = call.output.map { [$0.integerValue ?? 0] } ?? Array(-10...12)
        return tokens.filter { $0 > last }.map { [caller, .integer($0)] }
    }

    private func keyed(_ world: [String: Value], _ call: Call) -> [String: Value]? {
        var world = world
        let absent: Value = vocabulary.model.name == "string-kv" ? "" : .null
        let nullReadsAny = vocabulary.variant.contains("null reads any")
        func get(_ key: Value, _ hears: Value?) -> Bool {
            let value = world[key.stringValue ?? "", default: absent]
            return hears == nil || hears == value || (hears == .some(.null) && (nullReadsAny || value == absent))
        }
        func put(_ key: Value, _ value: Value) { world[key.stringValue ?? ""] = value == absent ? nil : value }
        if call.function == "txn" {
            for step in (call.output ?? call.input).elements ?? [] {
                let parts = step.elements ?? []
                if parts[0].stringValue?.contains("w") ?? false {
                    put(parts[1], parts[2])
                } else if !get(parts[1], call.output == nil ? nil : parts[2]) {
                    return nil
                }
            }
            return world
        }
        var key = call.key ?? call.input
        var value = call.input
        var output = call.output
        if call.key == nil, let pair = call.input.elements {
            key = pair[0]
            value = pair[1]
            if call.function == "read" || call.function == "get" { output = output.map { ($0.elements ?? [])[1] } }
        }
        let old = world[key.stringValue ?? "", default: absent]
        switch call.function {
        case "read", "get": return get(key, output) ? world : nil
        case "delete": put(key, .null)
        case "append": put(key, .string((old.stringValue ?? "") + (value.stringValue ?? "")))
        case "cas":
            let pair = value.elements ?? []
            if call.outcome == .refused { return old == pair[0] ? nil : world }
            if old != pair[0] { return nil }
            put(key, pair[1])
        default: put(key, value)
        }
        return world
    }
}
