import Foundation
import Glibc
import PolygraphSSH

extension Scenario {
    func keys() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        for key in ["ed25519", "ecdsa", "pem", "rsa", "stranger", "missing"] {
            findings[key] = whoami(world.destination(server, key: key))
        }
        findings["user"] = world.user
        findings["none"] = whoami(world.destination(server, key: nil))

        var protected = world.destination(server, key: "protected")
        findings["no passphrase"] = whoami(protected)
        try "battery staple\n".write(toFile: path("passphrase"), atomically: true, encoding: .utf8)
        protected.passphrase = .file(path("passphrase"))
        findings["passphrase of a file"] = whoami(protected)
        setenv("POLYGRAPH_TEST_PASSPHRASE", "battery stapler", 1)
        protected.passphrase = .environment("POLYGRAPH_TEST_PASSPHRASE")
        findings["wrong passphrase"] = whoami(protected)
        protected.passphrase = .environment("POLYGRAPH_TEST_NOTHING")
        findings["passphrase not set"] = whoami(protected)

        let agent = path("agent")
        let text = try world.shell(
            """
            eval $(ssh-agent -a '\(agent)') >&2
            cd '\(world.folder)/keys' && SSH_AUTH_SOCK='\(agent)' ssh-add -q rsa stranger ecdsa 2>&1
            """)
        findings["agent says"] = text
        var byAgent = world.destination(server, key: nil)
        byAgent.agentSocket = agent
        byAgent.identitiesOnly = false
        findings["agent"] = whoami(byAgent)
        byAgent.identitiesOnly = true
        findings["agent, but only other keys"] = whoami(byAgent)
        byAgent.identityFiles = [path("keys/ecdsa.pub")]
        try? FileManager.default.copyItem(atPath: path("keys/ecdsa.pub"), toPath: path("keys/half.pub"))
        try "".write(toFile: path("keys/half"), atomically: true, encoding: .utf8)
        byAgent.identityFiles = [path("keys/half")]
        findings["agent with the one key that is named"] = whoami(byAgent)
        byAgent.agentSocket = path("no-agent")
        findings["no agent there"] = whoami(byAgent)
        return findings
    }

    func passwords() throws -> Findings {
        guard world.isRoot else { return ["skipped": "an ordinary user cannot let others in by password"] }
        var findings: Findings = [:]
        setenv("POLYGRAPH_TEST_RIGHT", "right horse", 1)
        setenv("POLYGRAPH_TEST_WRONG", "wrong horse", 1)
        let plain = try world.addServer(["PasswordAuthentication yes"])
        let asking = try world.addServer([
            "UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes",
        ])
        let none = try world.addServer(["PasswordAuthentication no", "KbdInteractiveAuthentication no"])
        for (name, server) in [("password", plain), ("questions", asking), ("keys only", none)] {
            for (word, secret) in [("right", "POLYGRAPH_TEST_RIGHT"), ("wrong", "POLYGRAPH_TEST_WRONG")] {
                var destination = world.destination(server, user: "tester", key: nil)
                destination.password = .environment(secret)
                findings["\(name), \(word)"] = whoami(destination)
            }
        }
        return findings
    }

    func hostKeys() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        func attempt(_ name: String, _ lines: String, _ change: (inout SSHDestination) -> Void = { _ in }) throws {
            var destination = world.destination(server)
            try lines.write(toFile: path("known"), atomically: true, encoding: .utf8)
            destination.knownHostsFiles = [path("known")]
            change(&destination)
            findings[name] = whoami(destination)
        }
        let key = world.readText("keys/host_ed25519.pub").split(separator: " ").prefix(2).joined(separator: " ")
        let other = world.readText("keys/stranger.pub").split(separator: " ").prefix(2).joined(separator: " ")
        let rsa = world.readText("keys/host_rsa.pub").split(separator: " ").prefix(2).joined(separator: " ")
        findings["fingerprint"] = try world.shell("ssh-keygen -lf '\(path("keys/host_ed25519.pub"))'")
        try attempt("known", "# a comment\n\n\(server.address) \(key) a comment\n")
        try attempt("known by a pattern", "10.98.*,10.99.?.2,!10.99.3.2 \(key)\n")
        try attempt("excluded by a pattern", "10.99.*,!\(server.address) \(key)\n")
        try attempt("unknown", "other \(key)\n")
        try attempt("no file", "") { $0.knownHostsFiles = [path("nothing")] }
        try attempt("changed", "# one\n# two\n\(server.address) \(other)\n")
        try attempt("both", "\(server.address) \(other)\n\(server.address) \(key)\n")
        try attempt("another kind", "\(server.address) \(rsa)\n")
        try attempt("revoked", "\(server.address) \(key)\n@revoked * \(key)\n")
        try attempt("off", "") { $0.hostKeyChecking = .off }
        try attempt("off, but changed", "\(server.address) \(other)\n") { $0.hostKeyChecking = .off }
        try attempt("alias", "cluster-1 \(key)\n") { $0.hostKeyAlias = "cluster-1" }

        try attempt("accept-new", "no-newline \(other)") { $0.hostKeyChecking = .acceptNew }
        findings["accept-new wrote"] = world.readText("known")
        findings["as ssh-keygen finds it"] = outcome {
            try world.shell("ssh-keygen -F \(server.address) -f '\(path("known"))' | grep -q ed25519")
        }
        var again = world.destination(server)
        again.knownHostsFiles = [path("known")]
        findings["after accept-new"] = whoami(again)
        try attempt("accept-new, but changed", "\(server.address) \(other)\n") { $0.hostKeyChecking = .acceptNew }

        let hashed = "\(server.address) \(key)\nother \(other)\n"
        try hashed.write(toFile: path("plain"), atomically: true, encoding: .utf8)
        try world.shell("ssh-keygen -q -H -f '\(path("plain"))'")
        let lines = world.readText("plain")
        findings["hashes"] = String(lines.contains(server.address))
        try attempt("hashed", lines)
        try attempt("hashed, unknown", lines.split(separator: "\n").dropFirst().joined(separator: "\n") + "\n")

        // The way out of the refusal, as it is told, works.
        try attempt("told", "")
        let told = findings["told"] ?? ""
        if let start = told.range(of: "accept it: ") {
            try world.shell(String(told[start.upperBound...]) + " 2>/dev/null")
        }
        again.knownHostsFiles = [path("known")]
        findings["after what was told"] = whoami(again)

        try server.restart(["Port 2222"])
        try attempt("other port", "[\(server.address)]:2222 \(key)\n") { $0.port = 2_222 }
        try attempt("other port, known by the usual one", "\(server.address) \(key)\n") { $0.port = 2_222 }

        try server.restart([
            "HostKey \(path("keys/host_ecdsa"))", "HostKey \(path("keys/host_ed25519"))",
        ])
        try attempt("the kind that is known is asked for", "\(server.address) \(key)\n")
        try server.restart(["HostKey \(path("keys/host_rsa"))"])
        try attempt("rsa host", "\(server.address) \(rsa)\n")
        return findings
    }
}
