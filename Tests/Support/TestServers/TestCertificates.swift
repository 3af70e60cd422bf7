import Foundation

/// Certificates of an authority of the test's own, made by `openssl`; gone with the object.
public final class TestCertificates: Sendable {
    public let folder: URL

    private static let recipe = """
        set -e
        authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem \\
            -subj "/CN=$2" -days 30; }
        leaf() {
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/$2"
            printf 'subjectAltName=%s\\nextendedKeyUsage=serverAuth,clientAuth\\n' "$3" >$1.ext
            openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $1.ext -out $1.pem -days $4
        }
        authority ca "Test authority"
        authority other "Other authority"
        leaf server CN=db1 "DNS:localhost,IP:127.0.0.1" 20
        leaf wrong CN=db1 "DNS:db1.example" 20
        leaf old CN=db1 "DNS:localhost,IP:127.0.0.1" -1
        leaf client O=tests "DNS:tester" 20
        leaf revoked O=gone "DNS:gone" 20
        openssl pkey -in client.key -aes128 -passout pass:secret -out locked.key
        printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\ndefault_md=sha256\\ndefault_crl_days=30\\n' >ca.conf
        : >index
        openssl ca -config ca.conf -keyfile ca.key -cert ca.pem -revoke revoked.pem
        openssl ca -config ca.conf -keyfile ca.key -cert ca.pem -gencrl -out crl.pem
        """

    public init() throws {
        folder = URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("polygraph-certificates-\(getpid())-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.recipe]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(text) }
    }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
        init(_ text: String) { description = "openssl cannot make certificates: \(text)" }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    public func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
}
