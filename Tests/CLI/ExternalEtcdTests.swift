import Foundation
import PolygraphTestServers
import Testing

/// Stock etcd that wants certificates of its clients, and a user's token with every request.
@Suite(.serialized) struct ExternalEtcdTests {
    let folder = try! TemporaryFolder()

    /// Makes a user, lets etcd ask for it, and prints a token.
    private static let login = """
        import json, ssl, sys, urllib.request
        context = ssl.create_default_context(cafile="ca.pem")
        context.load_cert_chain("client.pem", "client.key")
        def post(path, document):
            request = urllib.request.Request(sys.argv[1] + path, json.dumps(document).encode(), method="POST")
            return json.load(urllib.request.urlopen(request, context=context, timeout=20))
        post("/v3/auth/user/add", {"name": "root", "password": "rootpw"})
        post("/v3/auth/role/add", {"name": "root"})
        post("/v3/auth/user/grant", {"user": "root", "role": "root"})
        post("/v3/auth/enable", {})
        print(post("/v3/auth/authenticate", {"name": "root", "password": "rootpw"})["token"], end="")
        """

    private func workload(_ port: Int, certificate: String) -> String {
        """
        name: etcd
        endpoints: ["127.0.0.1:\(port)"]
        system:
          ready: {http: "https://{{node.address}}:{{node.port}}/health", value: "$.health", equals: "true", within: 3s}
        client:
          tls: {ca: ca.pem, certificate: \(certificate).pem, key: \(certificate).key}
          headers: {Authorization: {file: token}}
          http:
            read: {post: "https://{{node.address}}:{{node.port}}/v3/kv/range", json: {key: "{{key | base64}}"},
                   value: "$.kvs[0].value | base64 | json", absent: missing}
            write: {post: "https://{{node.address}}:{{node.port}}/v3/kv/put",
                    json: {key: "{{key | base64}}", value: "{{value | base64}}"}}
            delete: {post: "https://{{node.address}}:{{node.port}}/v3/kv/deleterange", json: {key: "{{key | base64}}"}}
        workload: {register: {keys: 3}}
        clients: {count: 6, rate: 150/s, timeout: 2s}
        time: 6s
        every: 3s
        quiet: 100ms
        faults: [{cut-clients: one, for: 1s, after: 1s}]
        tame: accept
        check: linearizable

        """
    }

    private func process(_ words: [String], output: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = folder.url
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test func `etcd with mutual TLS and a token is loaded through a proxy, and cleaned up`() async throws {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard path.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/etcd") }) else {
            print("SKIPPED: there is no etcd; `make deps` gets it")
            return
        }
        let certificates = try TestCertificates()
        for name in [
            "ca.pem", "crl.pem", "server.pem", "server.key", "client.pem", "client.key", "revoked.pem", "revoked.key",
        ] {
            try FileManager.default.copyItem(atPath: certificates.path(name), toPath: "\(folder.url.path)/\(name)")
        }
        let port = Int.random(in: 1_100..<3_000) * 10
        let (client, peer) = ("https://127.0.0.1:\(port)", "http://127.0.0.1:\(port + 1)")
        let etcd = try process([
            "etcd", "--name", "a", "--data-dir", "data", "--listen-client-urls", client, "--advertise-client-urls",
            client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "a=\(peer)",
            "--cert-file", "server.pem", "--key-file", "server.key", "--client-cert-auth", "--trusted-ca-file",
            "ca.pem",
            "--client-crl-file", "crl.pem",
        ])
        defer {
            kill(etcd.processIdentifier, SIGKILL)
            etcd.waitUntilExit()
        }
        var token = ""
        // Until it listens; the first step of the login fails, and nothing is done by half.
        for _ in 0..<200 where token.isEmpty {
            let output = Pipe()
            let login = try process(["python3", "-c", Self.login, client], output: output)
            token = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            login.waitUntilExit()
            if token.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        }
        try #require(!token.isEmpty)
        try folder.write("token", token + "\n")
        try folder.write("own.yaml", workload(port, certificate: "client"))
        let result = try await PolygraphProcess.run(["run", "own.yaml", "--seed", "1"], in: folder.url, within: 200)
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(try !folder.read("Reports/latest/report.txt").contains("remain"))
        let root = folder.latest.resolvingSymlinksInPath()
        for name in try FileManager.default.contentsOfDirectory(atPath: root.path) where name != "nodes" {
            #expect(
                try Data(contentsOf: root.appendingPathComponent(name)).range(of: Data(token.utf8)) == nil, "\(name)")
        }
        try folder.write("own.yaml", workload(port, certificate: "revoked"))
        let refused = try await PolygraphProcess.run(["run", "own.yaml", "--seed", "1"], in: folder.url)
        #expect(refused.status == 255 && refused.error.contains("certificate"), "\(refused.error)")
    }
}
