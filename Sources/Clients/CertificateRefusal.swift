import COpenSSL

/// Why a server's certificate is not believed, for people.
struct CertificateRefusal {
    let words: String

    /// - Parameter store: what OpenSSL was looking at when it found the mistake.
    init(_ store: OpaquePointer) {
        let code = X509_STORE_CTX_get_error(store)
        let reason = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
        guard let certificate = X509_STORE_CTX_get_current_cert(store) else {
            words = reason
            return
        }
        let subject = Self.name(X509_get_subject_name(certificate))
        let issuer = Self.name(X509_get_issuer_name(certificate))
        let who = "that of \(subject), issued by \(subject == issuer ? "itself" : issuer)"
        words = "\(who): \(reason)\(Self.remedy(code, certificate))"
    }

    private static func remedy(_ code: Int32, _ certificate: OpaquePointer) -> String {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            let end = time(X509_get0_notAfter(certificate))
            return " on \(end); it must be renewed, or this machine's clock is wrong"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let start = time(X509_get0_notBefore(certificate))
            return " until \(start); perhaps this machine's clock is wrong"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = names(certificate)
            return "; it is for \(names ?? "no name at all"): use that in `endpoints`, or set `client.tls.name`"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "; where it is right, name the certificate of its authority in `client.tls.ca`"
        default: return ""
        }
    }

    private static func name(_ name: OpaquePointer?) -> String {
        guard let text = X509_NAME_oneline(name, nil, 0) else { return "nobody" }
        defer { CRYPTO_free(text, "", 0) }
        // `/C=DE/CN=db1` as `C=DE, CN=db1`.
        let parts = String(cString: text).split(separator: "/")
        return parts.isEmpty ? "nobody" : parts.joined(separator: ", ")
    }

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        text { ASN1_TIME_print($0, time) } ?? "an unknown day"
    }

    /// `DNS:db1.example, IP Address:10.0.0.7`
    private static func names(_ certificate: OpaquePointer) -> String? {
        let position = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
        guard position >= 0, let field = X509_get_ext(certificate, position) else { return nil }
        return text { X509V3_EXT_print($0, field, 0, 0) }
    }

    private static func text(_ print: (OpaquePointer) -> Int32) -> String? {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard print(memory) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 2_000)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return count > 0 ? String(decoding: bytes[..<Int(count)], as: UTF8.self) : nil
    }
}
