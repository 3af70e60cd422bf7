import Foundation
import Testing

@Suite struct GenerateHistoryTests {
    let folder = try! TemporaryFolder()

    private func generate(_ arguments: String...) async throws -> PolygraphProcess.Result {
        try await PolygraphProcess.run(["generate-history"] + arguments, in: folder.url)
    }

    @Test func `the same seed and sizes give the same history, byte for byte`() async throws {
        let sizes = ["--operations", "500", "--clients", "7", "--crashed", "5"]
        func history(_ seed: String) async throws -> String {
            let arguments = ["generate-history", "cas-register-crashed", "--seed", seed] + sizes
            return try await PolygraphProcess.run(arguments, in: folder.url).output
        }
        let one = try await history("3")
        let again = try await history("3")
        let other = try await history("4")
        #expect(!one.isEmpty)
        #expect(one == again)
        #expect(one != other)
    }

    @Test func `a file holds what standard output shows`() async throws {
        let shown = try await generate("stack", "--operations", "300")
        let silent = try await generate("stack", "--operations", "300", "--output", "stack.jsonl")
        #expect(silent.output.isEmpty)
        #expect(try folder.read("stack.jsonl") == shown.output)
        #expect(shown.error == "model stack, by construction valid\n")
    }

    @Test func `sizes are as asked`() async throws {
        let result = try await generate("many-keys", "--operations", "1000", "--clients", "3", "--keys", "5")
        var processes: Set<Int> = []
        var keys: Set<String> = []
        var invocations = 0
        for line in result.output.split(separator: "\n") {
            let event = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            if event["type"] as? String == "invoke" { invocations += 1 }
            processes.insert(try #require(event["process"] as? Int))
            keys.insert("\(try #require(event["key"]))")
        }
        #expect(invocations == 1000)
        #expect(processes.count == 3)
        #expect(keys.count == 5)
    }

    @Test(arguments: [
        (["stak"], "stak"), (["stack", "--operations", "0"], "--operations"),
        (["stack", "--clients", "0"], "--clients"),
        (["stack", "--keys", "0"], "--keys"), (["stack", "--operations", "many"], "--operations"),
        (["stack", "--values=-1"], "--values"), (["stack", "--crashed=-1"], "--crashed"), ([], "recipe"),
    ])
    func `wrong use names what is wrong`(arguments: [String], expected: String) async throws {
        let result = try await PolygraphProcess.run(["generate-history"] + arguments, in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains(expected))
        #expect(result.output.isEmpty)
    }

    @Test func `an unknown recipe costs no file`() async throws {
        try folder.write("precious", "precious")
        #expect(try await generate("stak", "--output", "precious").status == 254)
        #expect(try folder.read("precious") == "precious")
    }

    @Test func `a place that cannot be written is a failure`() async throws {
        let result = try await generate("stack", "--operations", "10", "--output", "no/such/folder")
        #expect(result.status == 255)
        #expect(result.error.contains("no/such/folder"))
    }

    @Test func `a reader that has seen enough is no failure`() async throws {
        let shell = try await PolygraphProcess.run(
            ["generate-history", "register", "--operations", "100000"], in: folder.url,
            prefix: ["bash", "-c", "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}"])
        #expect(shell.status == 0, "\(shell.error)")
        #expect(shell.output.split(separator: "\n").count == 1)
    }

    /// The recipes with model and stated verdict, as the help lists them.
    private static func recipes(in folder: TemporaryFolder) async throws -> [(
        name: String, model: String, verdict: String
    )] {
        let help = try await PolygraphProcess.run(["generate-history", "--help"], in: folder.url).output
        return help.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("  "), line.hasSuffix(")"), let open = line.firstIndex(of: "("),
                !line[..<open].trimmingCharacters(in: .whitespaces).contains(" ")
            else { return nil }
            let inner = line[line.index(after: open)...].dropLast().components(separatedBy: ", ")
            guard inner.count == 2 else { return nil }
            return (line[..<open].trimmingCharacters(in: .whitespaces), inner[0], inner[1])
        }
    }

    @Test func `every recipe is of the verdict that it states`() async throws {
        let recipes = try await Self.recipes(in: folder)
        #expect(recipes.count >= 20)
        #expect(Set(recipes.map(\.verdict)) == ["valid", "invalid", "unknown"])
        for recipe in recipes {
            // Of fewer operations than clients none would be seen to succeed.
            let isSearch = recipe.name.hasPrefix("hamiltonian")
            let sizes = ["--operations", isSearch ? "100" : "1000", "--output", "history.jsonl"]
            let generated = try await PolygraphProcess.run(
                ["generate-history", recipe.name] + sizes, in: folder.url)
            #expect(generated.status == 0)
            #expect(generated.error == "model \(recipe.model), by construction \(recipe.verdict)\n")
            let check = try await PolygraphProcess.run(
                ["check", "history.jsonl", "--model", recipe.model], in: folder.url)
            let expected: [Int32] = recipe.verdict == "valid" ? [0] : recipe.verdict == "invalid" ? [1] : [0, 1]
            #expect(expected.contains(check.status), "\(recipe.name): \(check.output)")
        }
    }
}
