import Foundation
import Testing

/// Recorded runs again, on a real cluster.
@Suite(.serialized) struct ReplayTests {
    let folder = try! TemporaryFolder()

    private func object(_ path: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(folder.read(path).utf8)) as? [String: Any])
    }

    private func schedule(_ run: String) throws -> [[String: Any]] {
        try #require(try object("\(run)/plan.json")["schedule"] as? [[String: Any]])
    }

    /// The same text for the same schedule.
    private func text(_ schedule: [[String: Any]]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: schedule, options: .sortedKeys), as: UTF8.self)
    }

    /// Targets and moments (milliseconds) of the injections of a run.
    private func injections(_ run: String) throws -> [(fault: String, targets: [String], time: Int)] {
        try folder.read("\(run)/history.jsonl").split(separator: "\n").compactMap { line in
            guard let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let value = event["value"] as? [String: Any], value["action"] as? String == "inject",
                value["stage"] as? String == "intent", let targets = value["targets"] as? [String],
                let function = event["f"] as? String, let time = event["time"] as? Int
            else { return nil }
            return (function, targets, time / 1_000_000)
        }
    }

    /// The folder of the newest run, by its own name.
    private func latest() -> String {
        let path = folder.latest.resolvingSymlinksInPath().path
        return String(path.dropFirst(folder.url.resolvingSymlinksInPath().path.count + 1))
    }

    @Test func `a replay has the same schedule, and an exact one the same targets and times`() async throws {
        let first = try await PolygraphProcess.run(
            [
                "run", "raft-register", "--time", "8s", "--seed", "5", "--set", "quiet=1s", "--set", "every=4s",
                "--set", "faults[1].clock={bump: 20s, target: primary}",
            ], in: folder.url)
        #expect([0, 2].contains(first.status), "\(first.output)\(first.error)")
        let run = latest()
        let again = try await PolygraphProcess.run(["replay", "Reports/latest", "--json"], in: folder.url)
        #expect([0, 2].contains(again.status), "\(again.output)\(again.error)")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])
        #expect(document["seed"] as? String == "5")
        #expect((document["rerunCommand"] as? String)?.contains("replay \(run) --seed 5") == true)
        #expect(latest() != run)
        #expect(try text(schedule("Reports/latest")) == text(schedule(run)))

        let exact = try await PolygraphProcess.run(["replay", run, "--exact", "--quiet"], in: folder.url)
        #expect([0, 2].contains(exact.status), "\(exact.output)\(exact.error)")
        let (recorded, repeated) = (try injections(run), try injections("Reports/latest"))
        #expect(!recorded.isEmpty)
        #expect(recorded.map(\.fault) == repeated.map(\.fault))
        #expect(recorded.map(\.targets) == repeated.map(\.targets))
        for (one, other) in zip(recorded, repeated) { #expect(abs(one.time - other.time) < 1_500) }
        #expect(try schedule("Reports/latest").allSatisfy { $0["pinned"] as? Bool == true })
    }

    @Test func `the largest seed is recorded and replayed as it is`() async throws {
        let seed = "18446744073709551615"
        let first = try await PolygraphProcess.run(
            ["run", "raft-register", "--time", "4s", "--seed", seed, "--set", "quiet=0s", "--quiet"], in: folder.url)
        #expect([0, 2].contains(first.status), "\(first.output)\(first.error)")
        let run = latest()
        #expect(try object("\(run)/plan.json")["seed"] as? String == seed)
        let again = try await PolygraphProcess.run(["replay", run, "--json"], in: folder.url)
        #expect([0, 2].contains(again.status), "\(again.output)\(again.error)")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])
        #expect(document["seed"] as? String == seed)
        #expect(try text(schedule("Reports/latest")) == text(schedule(run)))
    }

    @Test func `the smallest schedule of a bug is found, kept and run again`() async throws {
        var status: Int32 = 0
        for seed in 1...4 where status != 1 {
            status = try await PolygraphProcess.run(
                ["run", "raft-stale-reads", "--seed", "\(seed)", "--time", "30s", "--stop-on-violation", "--quiet"],
                in: folder.url
            ).status
        }
        try #require(status == 1)
        let run = latest()
        let before = Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/Reports"))
        let result = try await PolygraphProcess.run(
            ["shrink", run, "--budget", "90s", "--repeats", "4", "--json"], in: folder.url, within: 200)
        #expect(result.status == 1, "\(result.output)\(result.error)")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(document["reproduced"] as? Bool == true)
        let smallest = try #require((document["smallest"] as? [String: Any])?["schedule"] as? [[String: Any]])
        #expect(smallest.count <= (try schedule(run)).count)
        #expect(!smallest.isEmpty)
        // Its runs are in its folder and nowhere else.
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path + "/Reports")) == before)
        #expect(latest() == run)
        #expect(try folder.read("\(run)/shrink/shrink.txt").contains("replay \(run)/shrink/smallest"))
        let again = try await PolygraphProcess.run(["replay", "\(run)/shrink/smallest", "--quiet"], in: folder.url)
        #expect([0, 1, 2].contains(again.status), "\(again.output)\(again.error)")
        #expect(try text(schedule("Reports/latest")) == text(smallest))
    }

    @Test func `a tame run is unknown unless the file accepts it`() async throws {
        let arguments = ["run", "raft-register", "--time", "3s", "--clients", "1", "--no-faults", "--set", "quiet=0s"]
        let tame = try await PolygraphProcess.run(arguments, in: folder.url)
        #expect(tame.status == 2, "\(tame.output)\(tame.error)")
        #expect(tame.output.contains("UNKNOWN") && tame.output.contains("too tame"))
        for file in ["report.txt", "report.html", "results.json", "junit.xml"] {
            #expect(try folder.read("Reports/latest/\(file)").contains("too little concurrency"), "\(file)")
        }
        let accepted = try await PolygraphProcess.run(arguments + ["--set", "tame=accept"], in: folder.url)
        #expect(accepted.status == 0, "\(accepted.output)\(accepted.error)")
        #expect(accepted.output.contains("too little concurrency"))
    }

    @Test func `what cannot be replayed is refused with a reason`() async throws {
        func refuse(_ arguments: [String], _ expected: String) async throws {
            let result = try await PolygraphProcess.run(arguments, in: folder.url)
            #expect(result.status == 254 && result.output.isEmpty, "\(result.output)\(result.error)")
            #expect(result.error.contains(expected), "\(result.error)")
        }
        try await refuse(["replay", "Reports/nothing"], "there is no folder Reports/nothing")
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("run"), withIntermediateDirectories: true)
        try await refuse(["replay", "run"], "not the folder of a run")
        try await refuse(["shrink", "run"], "not the folder of a run")
        try folder.write("run/plan.json", "{\"name\":")
        try await refuse(["replay", "run"], "run/plan.json: line 1:")
        try folder.write("run/plan.json", "{}")
        try await refuse(["replay", "run"], "`format` is missing")
        try folder.write("run/plan.json", "{\"format\": \"polygraph-plan/0\"}")
        try await refuse(["replay", "run"], "polygraph-plan/0")

        let plan = try await PolygraphProcess.run(["plan", "raft-register", "--seed", "1", "--json"], in: folder.url)
        try folder.write("run/plan.json", plan.output.replacing("\"f\":\"clock\"", with: "\"f\":\"earthquake\""))
        try await refuse(["replay", "run"], "knows no fault `earthquake`")
        try folder.write("run/plan.json", plan.output)
        try await refuse(["replay", "run/", "--exact"], "run has no history.jsonl")
        try await refuse(["shrink", "run/plan.json"], "run has no results.json")
        try await refuse(["shrink", "run", "--budget", "soon"], "soon")
    }
}
