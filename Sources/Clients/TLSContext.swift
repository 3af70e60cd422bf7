import COpenSSL
import Glibc

/// How TLS is spoken: `client: {tls: {ca, certificate, key, name, verify}}`.
public struct TLSSettings: Hashable, Sendable {
    /// A file of certificates (PEM) of the authorities that are trusted; nil: those that this machine trusts.
    public var authority: String?
    /// The client's own certificate with its chain, and its key (PEM); both or none.
    public var certificate: String?
    public var key: String?
    /// The name that the server's certificate must have, and that is asked for (SNI); nil: the host of the URL.
    public var serverName: String?
    /// Whether the server's certificate and name are looked at.
    public var verifies: Bool

    public init(
        authority: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil,
        verifies: Bool = true
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
        self.verifies = verifies
    }

    /// Every file that it names.
    public var files: [String] { [authority, certificate, key].compactMap { $0 } }
}

/// What all TLS connections of a run have in common: trusted authorities, the client's certificate, versions.
final class TLSContext: @unchecked Sendable {
    // OpenSSL lets threads share a context that nobody changes any more, and counts references atomically; it is
    // changed in `init` only.
    private let context: OpaquePointer
    let settings: TLSSettings

    init(_ settings: TLSSettings) throws(AccessError) {
        self.settings = settings
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw AccessError("cannot prepare TLS: \(TLSErrors.words())")
        }
        self.context = context
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        // An encrypted key must not make OpenSSL ask the terminal.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
        for path in settings.files where access(path, R_OK) != 0 {
            throw AccessError("cannot read the file \(path): \(String(cString: strerror(errno)))")
        }
        if let authority = settings.authority {
            guard SSL_CTX_load_verify_locations(context, authority, nil) == 1 else {
                throw AccessError("`client.tls.ca`: \(authority) holds no certificate in PEM: \(TLSErrors.words())")
            }
        } else {
            SSL_CTX_set_default_verify_paths(context)
        }
        if let certificate = settings.certificate, let key = settings.key {
            guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
                throw AccessError(
                    "`client.tls.certificate`: \(certificate) holds no certificate in PEM: \(TLSErrors.words())")
            }
            guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
                let reason = TLSErrors.words()
                if reason.contains("mismatch") {
                    throw AccessError("`client.tls.key`: \(key) is not the key of the certificate in \(certificate)")
                }
                throw AccessError(
                    "`client.tls.key`: \(key) holds no key in PEM that can be read (\(reason)); "
                        + "one with a passphrase can be written without: openssl pkey -in \(key) -out PLAIN.pem")
            }
            guard SSL_CTX_check_private_key(context) == 1 else {
                throw AccessError("`client.tls.key`: \(key) is not the key of the certificate in \(certificate)")
            }
        }
    }

    deinit { SSL_CTX_free(context) }

    /// What a new connection needs.
    func newSession() -> OpaquePointer? { SSL_new(context) }
}

/// What OpenSSL says of the last failure on this thread.
enum TLSErrors {
    /// The reason, and the number of the alert that the other side has sent, where it was one.
    static func take() -> (words: String, alert: Int?) {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return ("no reason given", nil) }
        let words = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        // Alerts are reasons from 1000 on, by the number that they have in the protocol.
        let reason = Int(code & 0x7F_FFFF)
        return (words, (1000..<1256).contains(reason) ? reason - 1000 : nil)
    }

    static func words() -> String { take().words }
}
