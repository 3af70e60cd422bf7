import Testing

/// What links do to the datagrams and connections of a real process, and that it ends.
@Suite(.serialized) struct PolicyTests {
    private func expectAllTrue(_ scenario: String, _ user: TestProgram.User = .current, count: Int) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run(scenario)
        #expect(run.findings.count == count, "\(run.output)")
        for (name, finding) in run.findings { #expect(finding == "true", "\(name): \(run.output)") }
    }

    @Test(arguments: TestProgram.User.available)
    func `loss, bursts, duplicates, reordering and corruption are what the receiver sees`(
        _ user: TestProgram.User
    ) throws {
        try expectAllTrue("frames", user, count: 14)
    }

    @Test func `delays and rates hold back what they should, and a cut holds for what is under way`() throws {
        try expectAllTrue("slowness", count: 7)
    }

    @Test(arguments: TestProgram.User.available)
    func `connections survive a rough link, stand still behind a cut port, and are reset at both ends`(
        _ user: TestProgram.User
    ) throws {
        try expectAllTrue("connections", user, count: 14)
    }

    @Test func `a flapping link passes some frames and swallows others`() throws {
        try expectAllTrue("flapping", count: 3)
    }

    @Test(arguments: TestProgram.User.available)
    func `probes find out exactly who reaches whom`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("reach")
        #expect(run.findings == ["wrong": "0", "closed": "20", "open": "0"], "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `names resolve by the name server, and by its faults do not`(_ user: TestProgram.User) throws {
        try expectAllTrue("resolution", user, count: 11)
    }
}
