import Testing

@testable import PolygraphSamples

@Suite struct RaftCommandLineTests {
    @Test func `arguments become options`() throws {
        let options = try RaftCommandLine.parse(
            "--id 2 --data d --peers a,b:5:6,c --client-port 80 --bug stale-reads --bug double-apply --snapshot-every 9 --election-timeout 1s --members 1,3"
                .split(separator: " ").map(String.init))
        #expect(options.id == 2)
        #expect(options.members[1] == .init(id: 2, host: "b", peerPort: 5, clientPort: 6))
        #expect(options.members[2] == .init(id: 3, host: "c", peerPort: 7001, clientPort: 80))
        #expect(options.bugs == [.staleReads, .doubleApply])
        #expect(options.initialMembers == [1, 3])
        #expect(options.snapshotEvery == 9)
        #expect(options.electionTimeout == .seconds(1))
    }

    @Test(arguments: [
        "", "--id 1", "--id 4 --data d --peers a,b,c", "--id x --data d --peers a", "--id 1 --data d --peers a:1",
        "--id 1 --data d --peers a --bug nonsense", "--id 1 --data d --peers a --election-timeout 5",
        "--id 1 --data d --peers a --what 5", "--id 1 --data d --peers a --id", "--id 1 --data d --peers a,,b",
        "--id 1 --data d --peers a,b --members", "--id 1 --data d --peers a,b --members 1,3",
        "--id 1 --data d --peers a,b --members 1,1", "--id 1 --data d --peers a,b --members 1,,2",
        "--id 1 --data d --peers a --snapshot-every 0", "--id 1 --data d --peers a --client-port 70000",
    ])
    func `mistakes are refused`(line: String) {
        #expect(throws: RaftError.self) { try RaftCommandLine.parse(line.split(separator: " ").map(String.init)) }
    }
}
