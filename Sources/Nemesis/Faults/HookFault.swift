import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphSystems

/// Whatever commands of the user do, run on the controller's machine: for `kubectl`, `docker`, a cloud's API.
public struct HookFault: Fault {
    public static let description = FaultDescription(
        name: "hook", group: .processes, summary: "run commands of your own on this machine: a fault, and its undo",
        parameters: [
            FaultParameter("name", .text("a name for the report"), isRequired: true, "what the report calls it"),
            FaultParameter("fault", .texts("a word of the command"), isRequired: true, "the command that does it"),
            FaultParameter(
                "undo", .texts("a word of the command"), isRequired: true,
                "the command that undoes it; run again where it fails"),
            FaultParameter(
                "before", .free("[[kubectl, get, pods]]"), "commands that are run once, before the load; for no node"),
            FaultParameter("proof", .texts("a word of the command"), "a command that succeeds once the fault bites"),
            .target("one"),
            FaultParameter(
                "within", .duration(atLeast: 1_000_000), standard: .integer(30_000_000_000),
                "how long each command may take, and a node until it is back"),
            FaultParameter(
                "takes-down", .flag, standard: .bool(false), "whether its targets do not serve until it is undone"),
        ],
        needs: "hosts or endpoints", proof: "the status of `proof`; without it, of `fault`", undo: "runs `undo`",
        takesNodesAway: true, reach: [.hosts, .external])

    private let planned: PlannedFault
    /// Nodes on which the fault may be in force.
    private var touched: [Int] = []

    public init(_ planned: PlannedFault) { self.planned = planned }

    private var settings: FaultSettings { planned.settings }
    private var title: String { settings.text("name") ?? "" }
    private var within: Int64 { settings.integer("within") }
    private var takesDown: Bool { settings.flag("takes-down") }

    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] {
        var problems: [FaultProblem] = []
        for name in ["fault", "undo", "proof"] {
            for (number, word) in settings.texts(name).enumerated() {
                if number == 0, word.isEmpty {
                    problems.append(FaultProblem(name, "the program's name is empty"))
                }
                if let problem = Self.problem(word, .hook) {
                    problems.append(FaultProblem(name, element: number, problem))
                }
            }
        }
        guard let before = settings["before"] else { return problems }
        guard let commands = Self.commands(before), !commands.isEmpty else {
            return problems + [FaultProblem("before", "expected a list of commands, such as [[kubectl, get, pods]]")]
        }
        for word in commands.joined() {
            if let problem = Self.problem(word, .hookOfRun) { problems.append(FaultProblem("before", problem)) }
        }
        return problems
    }

    private static func problem(_ word: String, _ scope: PlaceholderScope) -> String? {
        do throws(TemplateError) {
            _ = try Template(word, scope)
            return nil
        } catch {
            return error.message
        }
    }

    /// A list of commands, each a list of words that are not all missing.
    private static func commands(_ value: Value) -> [[String]]? {
        guard let lists = value.elements else { return nil }
        let commands = lists.compactMap { list -> [String]? in
            guard let words = list.elements, !words.isEmpty else { return nil }
            let texts = words.compactMap { $0.stringValue ?? ($0.elements == nil ? $0.description : nil) }
            return texts.count == words.count ? texts : nil
        }
        return commands.count == lists.count ? commands : nil
    }

    public static func summary(of planned: PlannedFault) -> String {
        let name = planned.settings.text("name") ?? ""
        return "hook \(name): \(planned.who(planned.settings.target ?? .one))"
    }

    // MARK: - Commands

    /// What one node's command is, with everything filled in.
    public static func command(_ name: String, of settings: FaultSettings, for node: Node) -> ControllerCommand {
        let words = settings.texts(name).map { word in
            (try? Template(word, .hook))?.text(for: TemplateNode(node), among: [TemplateNode(node)]) ?? word
        }
        return ControllerCommand(
            words,
            environment: [
                "POLYGRAPH_NODE": node.name, "POLYGRAPH_ADDRESS": node.address,
                "POLYGRAPH_FAULT": settings.text("name") ?? "",
            ])
    }

    /// What is run before the load.
    public static func commandsBefore(_ settings: FaultSettings) -> [ControllerCommand] {
        (settings["before"].flatMap(commands) ?? []).map {
            ControllerCommand($0, environment: ["POLYGRAPH_FAULT": settings.text("name") ?? ""])
        }
    }

    public static func prepare(_ settings: FaultSettings) throws(ClusterError) {
        for command in commandsBefore(settings) {
            _ = try run(
                command, "run `before` of the hook \(settings.text("name") ?? "")", nil, settings.integer("within"))
        }
    }

    public static func undoLimit(_ settings: FaultSettings, nodes: Int) -> Int64 {
        // The command, the wait for the node, and both once more where it failed.
        4 * settings.integer("within") * Int64(nodes)
    }

    /// - Returns: the end of what it wrote.
    @discardableResult
    private static func run(
        _ command: ControllerCommand, _ step: String, _ node: Node?, _ timeout: Int64
    ) throws(ClusterError) -> String {
        let outcome: CommandOutcome
        do throws(ClusterError) {
            outcome = try command.run(timeout: timeout)
        } catch {
            throw ClusterError(step, node: node?.name, error.message)
        }
        let lines = outcome.output.split(separator: "\n").suffix(5)
        guard outcome.status == 0 else {
            let last = CommandOutcome(status: outcome.status, output: lines.joined(separator: "\n"))
            throw ClusterError(step, node: node?.name, "`\(command.words.joined(separator: " "))` \(last.words)")
        }
        return lines.joined(separator: "\n")
    }

    private func run(_ name: String, _ node: Node) throws(ClusterError) -> String {
        try Self.run(
            Self.command(name, of: settings, for: node), "run `\(name)` of the hook \(title) for", node, within)
    }

    // MARK: - The fault

    public mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice {
        var choice = planned.targetChoice(order: order, context: context)
        choice.summary = "hook \(title) for \(context.names(choice.targets))"
        return choice
    }

    public mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        // Whatever becomes of it: what may have begun is undone.
        touched = choice.targets
        var proved = 0
        var proof = context.each(choice.targets) { index throws(ClusterError) in
            let node = context.nodes[index]
            if takesDown { context.processes.willFall(index, for: planned.id) }
            var facts: [String: Value] = ["output": .string(try run("fault", node))]
            let (isProved, how) = prove(node, context)
            facts["proved_by"] = .string(how)
            if isProved { proved += 1 }
            return .object(facts)
        }
        proof.isProved = proved > 0 && proved == choice.targets.count
        return proof
    }

    /// Whether it bites, and how that is known.
    private func prove(_ node: Node, _ context: NemesisContext) -> (isProved: Bool, how: String) {
        if settings["proof"] != nil {
            var last = ""
            var isProved = false
            context.wait(atMost: within) {
                do throws(ClusterError) {
                    _ = try run("proof", node)
                    isProved = true
                } catch {
                    last = error.description
                }
                return isProved
            }
            return (isProved, isProved ? "`proof` succeeded" : last)
        }
        guard takesDown, context.system.knowsReadiness else {
            return (true, "`fault` ended with status 0, nothing more")
        }
        var isDown = false
        context.wait(atMost: min(within, 10_000_000_000)) {
            isDown = context.system.isReady(node, nodes: context.nodes) != .yes
            return isDown
        }
        return (isDown, isDown ? "the node is not ready any more" : "the node was ready all the time")
    }

    public mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof {
        var left: [Int] = []
        var failure: ClusterError?
        var proof = FaultProof(isProved: true)
        for index in touched {
            let node = context.nodes[index]
            do throws(ClusterError) {
                var facts: [String: Value] = ["output": .string(try run("undo", node))]
                if takesDown { facts["back"] = try bringBack(index, context) }
                proof.facts[node.name] = .object(facts)
            } catch {
                left.append(index)
                failure = failure ?? error
            }
        }
        // What could not be undone is tried again when everything ends.
        touched = left
        if let failure { throw failure }
        return proof
    }

    /// Waits until a node that was down serves again.
    private func bringBack(_ index: Int, _ context: NemesisContext) throws(ClusterError) -> Value {
        context.processes.release(index, from: planned.id)
        if context.processes.isHeldDown(index) { return "another fault still holds it down" }
        let node = context.nodes[index]
        let begin = context.now()
        var last: ClusterError?
        var isBack = false
        context.wait(atMost: within) {
            if context.transport.startsNodes {
                do throws(ClusterError) {
                    isBack = try context.processes.raise(index, clocks: context.clocks).started
                } catch {
                    last = error
                }
                return isBack
            }
            guard context.system.isReady(node, nodes: context.nodes) == .yes else { return false }
            isBack = true
            return true
        }
        guard isBack else {
            let seconds = Quantity.describe(duration: within)
            throw last ?? ClusterError("bring back", node: node.name, "it was not ready within \(seconds) after `undo`")
        }
        return ["after_ns": .integer(context.now() - begin)]
    }
}
