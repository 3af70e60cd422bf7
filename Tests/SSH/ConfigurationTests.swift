import Foundation
import Testing

@testable import PolygraphSSH

/// Client configuration files, compared with what OpenSSH's own client makes of them.
struct ConfigurationTests {
    private final class Folder {
        let path = "/tmp/polygraph-ssh-configuration-\(UUID().uuidString)"

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws -> String {
            try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
            return path + "/" + name
        }
    }

    private let folder: Folder

    init() throws { folder = try Folder() }

    private func destination(
        _ text: String, _ name: String, _ overrides: SSHOverrides = SSHOverrides()
    ) throws -> SSHDestination {
        try SSHConfiguration(files: [try folder.write("config", text)]).destination(name, overrides: overrides)
    }

    private func mistake(_ text: String, _ name: String = "a") -> String {
        do {
            _ = try destination(text, name)
            return "none"
        } catch { return "\(error)" }
    }

    // Against `ssh -G`.

    private static let names = ["a", "b", "ab", "n1.lab", "n2.lab", "10.0.0.1"]
    private static let patterns = ["a", "b", "a*", "*b", "?", "*.lab", "n1.*", "!a", "!n2.lab", "*", "10.0.?.1"]

    private func randomSetting() -> String {
        let (key, values): (String, [String]) =
            [
                ("HostName", ["10.1.1.1", "x-%h.example", "%h", "100%%.x"]), ("User", ["root", "admin", "\"a user\""]),
                ("Port", ["22", "2222", "65535"]), ("IdentityFile", ["/k/one", "/k/two", "\"/k/with blank\""]),
                ("IdentitiesOnly", ["yes", "no"]), ("ProxyJump", ["none", "x1", "me@x1:2200,x2"]),
                ("StrictHostKeyChecking", ["yes", "no", "accept-new"]), ("ConnectTimeout", ["3", "20"]),
                ("ServerAliveInterval", ["0", "7"]), ("ServerAliveCountMax", ["2", "9"]),
                ("UserKnownHostsFile", ["/k/hosts", "/k/hosts /k/more"]), ("LogLevel", ["DEBUG"]),
                ("HostKeyAlias", ["alias"]),
            ].randomElement()!
        let spelled = [key, key.lowercased(), key.uppercased()].randomElement()!
        let separator = [" ", "  ", "=", " = ", "\t"].randomElement()!
        let end = ["", "", " ", " # a comment"].randomElement()!
        return ["", "  ", "\t"].randomElement()! + spelled + separator + values.randomElement()! + end
    }

    private func randomText(_ depth: Int) throws -> String {
        var lines: [String] = []
        for _ in 0..<Int.random(in: 1...12) {
            switch Int.random(in: 0...9) {
            case 0, 1:
                let patterns = (0..<Int.random(in: 1...3)).map { _ in ConfigurationTests.patterns.randomElement()! }
                lines.append("Host " + patterns.joined(separator: " "))
            case 2: lines.append(["", "# a comment", "   "].randomElement()!)
            case 3 where depth < 2:
                let file = try folder.write(UUID().uuidString, try randomText(depth + 1))
                lines.append("Include " + file)
            case 4: lines.append(["Match all", "Match originalhost a,b", "Match host 10.*,!10.0.*"].randomElement()!)
            default: lines.append(randomSetting())
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func openSSH(_ file: String, _ name: String) throws -> [String: [String]] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ssh")
        process.arguments = ["-G", "-F", file, name]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        var result: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            result[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
        return result
    }

    @Test func `every setting is the one that ssh takes`() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/ssh") else {
            print("SKIPPED: ssh is not installed, which configuration files are compared with")
            return
        }
        for _ in 0..<150 {
            let text = try randomText(0)
            let file = try folder.write("config", text)
            let name = ConfigurationTests.names.randomElement()!
            let theirs = try openSSH(file, name)
            let ours: SSHDestination
            do throws(SSHError) {
                ours = try SSHConfiguration(files: [file]).destination(name)
            } catch {
                // ssh does not look at the hosts of the way before it goes there.
                #expect(error.reason.contains("in a circle"), "\(text)\(name)")
                continue
            }
            #expect(ours.hostName.lowercased() == theirs["hostname"]?.first, "\(text)\(name)")
            #expect(ours.user == theirs["user"]?.first, "\(text)\(name)")
            #expect(String(ours.port) == theirs["port"]?.first, "\(text)\(name)")
            if ours.keysAreRequired { #expect(unique(ours.identityFiles) == theirs["identityfile"], "\(text)\(name)") }
            #expect(ours.identitiesOnly == (theirs["identitiesonly"] == ["yes"]), "\(text)\(name)")
            #expect(ours.hostKeyAlias == theirs["hostkeyalias"]?.first, "\(text)\(name)")
            let checking: SSHDestination.HostKeyChecking =
                switch theirs["stricthostkeychecking"]?.first {
                case "accept-new": .acceptNew
                case "false", "no", "off": .off
                default: .strict
                }
            #expect(ours.hostKeyChecking == checking, "\(text)\(name)")
            if let seconds = theirs["connecttimeout"]?.first.flatMap({ Int($0) }) {
                #expect(ours.connectTimeout == .seconds(seconds), "\(text)\(name)")
            }
            if let seconds = theirs["serveraliveinterval"]?.first.flatMap({ Int($0) }), seconds > 0 {
                #expect(ours.keepAliveInterval == .seconds(seconds), "\(text)\(name)")
            }
            #expect(String(ours.keepAliveCount) == theirs["serveralivecountmax"]?.first, "\(text)\(name)")
            if let files = theirs["userknownhostsfile"]?.first, files.hasPrefix("/k") {
                #expect(
                    ours.knownHostsFiles.filter { $0.hasPrefix("/k") }.joined(separator: " ") == files, "\(text)\(name)"
                )
            }
            let jump = theirs["proxyjump"]?.first
            #expect(ours.jumps.isEmpty == (jump == nil || jump == "none"), "\(text)\(name)")
        }
    }

    private func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    // By example.

    @Test func `names of files`() throws {
        let text = """
            Host n*
                HostName %h.example.org
                User admin
                Port 2022
                IdentityFile ~/.ssh/%h_%r_%p_%%
                IdentityFile %d/keys/%n
                UserKnownHostsFile ~/one /two/%n
            """
        let result = try destination(text, "n1")
        let home = HomeFolder.path
        #expect(result.hostName == "n1.example.org")
        #expect(result.identityFiles == [home + "/.ssh/n1.example.org_admin_2022_%", home + "/keys/n1"])
        #expect(Array(result.knownHostsFiles.prefix(2)) == [home + "/one", "/two/n1"])
        #expect(result.knownHostsName == "[n1.example.org]:2022")
        let other = try destination(text, "x")
        #expect(other.identityFiles.contains(home + "/.ssh/id_ed25519"))
    }

    @Test func `what the caller says goes before`() throws {
        let text = "User file\nPort 1\nIdentityFile /file\nStrictHostKeyChecking no\n"
        let result = try destination(
            text, "n", SSHOverrides(user: "caller", port: 2, key: "/caller", hostKeyChecking: .acceptNew))
        #expect(result.user == "caller")
        #expect(result.port == 2)
        #expect(result.identityFiles == ["/caller"])
        #expect(result.identitiesOnly)
        #expect(result.hostKeyChecking == .acceptNew)
    }

    @Test func `ways through several hosts`() throws {
        let text = """
            Host inner
                ProxyJump middle,last@[fe80::1]:2200
            Host middle
                User m
                ProxyJump outer:2
            """
        let result = try destination(text, "inner")
        #expect(result.jumps.map(\.name) == ["outer", "middle", "fe80::1"])
        #expect(result.jumps.map(\.port) == [2, 22, 2200])
        #expect(result.jumps[1].user == "m")
        #expect(result.jumps[2].user == "last")
        #expect(!result.jumps.contains { !$0.jumps.isEmpty })
    }

    @Test(arguments: [
        ("Host a\n  Port none\n", "line 2", "port is \"none\", not a number from 1 to 65535"),
        ("\n\nUser\n", "line 3", "user needs a value"),
        ("Host\n", "line 1", "host needs a value"),
        ("User \"a\n", "line 1", "quotation mark is not closed"),
        ("IdentitiesOnly maybe\n", "line 1", "neither yes nor no"),
        ("IdentityFile /k/%z\n", "%z", "has no value here"),
        ("HostName ${POLYGRAPH_TEST_NOTHING}\n", "line 1", "has no value here"),
        ("StrictHostKeyChecking perhaps\n", "line 1", "not yes, no or accept-new"),
        ("ProxyJump a@b@:x\n", "line 1", "is not [user@]host[:port]"),
        ("Host a b\nProxyJump b\n", "line 2", "in a circle"),
    ])
    func `mistakes have a place`(_ text: String, _ place: String, _ words: String) {
        let message = mistake(text)
        #expect(message.contains(folder.path + "/config") || !place.hasPrefix("line"))
        #expect(message.contains(place), "\(message)")
        #expect(message.contains(words), "\(message)")
    }

    @Test func `files that include each other are a mistake`() throws {
        let file = try folder.write("circle", "Include \(folder.path)/circle\n")
        #expect(throws: SSHError.self) { try SSHConfiguration(files: [file]) }
    }

    @Test func `a file that is not there says nothing`() throws {
        let result = try SSHConfiguration(files: [folder.path + "/nothing"]).destination("n")
        #expect(result.hostName == "n")
    }

    @Test func `no description shows a secret`() throws {
        setenv("POLYGRAPH_TEST_SECRET", "hush", 1)
        let file = try folder.write("secret", "hush\nmore\n")
        for secret in [SSHSecret.environment("POLYGRAPH_TEST_SECRET"), .file(file)] {
            let value = try secret.read(host: "h", step: "s")
            #expect(value == Array("hush".utf8))
            var result = try destination("", "n", SSHOverrides(passphrase: secret, password: secret))
            result.name = "n"
            #expect(!"\(result) \(secret)".contains("hush"))
        }
    }
}
