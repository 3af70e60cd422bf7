import CSSH2

/// The public key that a server has proved to own.
struct HostKey {
    /// "ssh-ed25519", "ecdsa-sha2-nistp256" …
    let algorithm: String
    /// As in `known_hosts`.
    let base64: String
    /// "SHA256:…", as `ssh-keygen -l` shows it.
    let fingerprint: String

    /// The key of a session whose key exchange is over.
    init?(_ session: OpaquePointer) {
        var length = 0
        var type: Int32 = 0
        guard let pointer = libssh2_session_hostkey(session, &length, &type),
            let hash = libssh2_hostkey_hash(session, LIBSSH2_HOSTKEY_HASH_SHA256)
        else { return nil }
        let blob = Array(UnsafeRawBufferPointer(start: pointer, count: length))
        var reader = WireReader(blob)
        guard let algorithm = reader.text() else { return nil }
        self.algorithm = algorithm
        base64 = Base64.encode(blob)
        fingerprint = "SHA256:" + Base64.encode(UnsafeRawBufferPointer(start: hash, count: 32), padded: false)
    }

    /// For people: "ED25519", "ECDSA", "RSA".
    var kind: String { HostKey.kind(of: algorithm) }

    static func kind(of algorithm: String) -> String {
        if algorithm == "ssh-ed25519" { return "ED25519" }
        if algorithm.hasPrefix("ecdsa-") { return "ECDSA" }
        return algorithm == "ssh-rsa" ? "RSA" : algorithm
    }
}
