import Testing

/// Links between real processes, by real datagrams and connections.
@Suite(.serialized) struct LinkTests {
    @Test(arguments: TestProgram.User.available)
    func `exactly the cut links are silent, and the counters say so`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("matrix")
        #expect(run.findings == ["leaks": "0", "uncounted": "0"], "\(run.output)")
    }

    @Test func `a cut in either direction stops connections, and ARP passes it`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("tcp")
        let expected = [
            "whole": "true", "forth": "false", "back": "false", "aside": "true", "healed": "true", "arp": "true",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `a link cut in both of two alternating topologies passes nothing`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("swap")
        #expect(run.findings == ["leaked": "false", "passed": "false", "swallowed": "true"], "\(run.output)")
    }
}
