/// What can be done to links from outside, where somebody else runs the nodes.
enum OutsideLinks {
    /// What is wrong with the settings of a fault of links.
    static func problems(_ settings: FaultSettings) -> [FaultProblem] {
        var problems: [FaultProblem] = []
        if !settings.flag("clients") {
            problems.append(
                FaultProblem(
                    nil,
                    "is for links between nodes, which are out of reach where only `endpoints` are known; say "
                        + "`clients: true`, and the links between clients and nodes are hit, and nothing else"))
        }
        if settings.flag("overtaking") {
            problems.append(
                FaultProblem(
                    "overtaking", "cannot be done from outside: the bytes of a TCP connection never overtake each other"
                ))
        }
        return problems
    }
}
