/// What can be told of a private key without its passphrase.
struct PrivateKeyFile {
    let path: String
    /// "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" …; nil where the format does not say.
    let algorithm: String?
    /// Whether a passphrase protects it.
    let isEncrypted: Bool
    /// The public half, as in an agent.
    let publicKey: [UInt8]?

    /// Nil with `errno` when the file cannot be read.
    init?(path: String) {
        guard let bytes = LocalFile.read(path) else { return nil }
        self.path = path
        let text = String(decoding: bytes, as: UTF8.self)
        if let key = PrivateKeyFile.openSSHKey(in: text) {
            algorithm = key.algorithm
            isEncrypted = key.isEncrypted
            publicKey = key.publicKey
            return
        }
        isEncrypted = text.contains("ENCRYPTED")
        algorithm =
            text.contains("BEGIN RSA PRIVATE KEY")
            ? "ssh-rsa" : text.contains("BEGIN EC PRIVATE KEY") ? "ecdsa-sha2" : PrivateKeyFile.publicFile(path)?.0
        publicKey = PrivateKeyFile.publicFile(path)?.1
    }

    var isRSA: Bool { algorithm == "ssh-rsa" }

    /// The format of OpenSSH's PROTOCOL.key, up to the public key, which is never encrypted.
    private static func openSSHKey(in text: String) -> (algorithm: String?, isEncrypted: Bool, publicKey: [UInt8])? {
        let lines = text.split(whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(of: "-----BEGIN OPENSSH PRIVATE KEY-----"),
            let end = lines.firstIndex(of: "-----END OPENSSH PRIVATE KEY-----"), begin < end,
            let blob = Base64.decode(lines[(begin + 1)..<end].joined().utf8)
        else { return nil }
        let magic = Array("openssh-key-v1\0".utf8)
        guard blob.starts(with: magic) else { return nil }
        var reader = WireReader(blob[magic.count...])
        guard let cipher = reader.text(), reader.string() != nil, reader.string() != nil, reader.uint32() != nil,
            let publicKey = reader.string()
        else { return nil }
        var keyReader = WireReader(publicKey)
        return (keyReader.text(), cipher != "none", Array(publicKey))
    }

    /// The algorithm and the key of the file beside it whose name ends in `.pub`.
    private static func publicFile(_ path: String) -> (String, [UInt8])? {
        guard let bytes = LocalFile.read(path + ".pub") else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2)
        guard words.count >= 2, let blob = Base64.decode(words[1].utf8) else { return nil }
        return (String(words[0]), blob)
    }
}
