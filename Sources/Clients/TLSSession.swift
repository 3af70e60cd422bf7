import COpenSSL
import Glibc

/// TLS over one connection: what goes out and comes in passes through memory, so that deadlines, and the knowledge of
/// what the kernel has taken, stay with the socket.
final class TLSSession {
    private let session: OpaquePointer
    /// What has come from the socket, and what is to go there; they belong to the session.
    private let incoming, outgoing: OpaquePointer
    private let verifies: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    /// Why the server's certificate was refused.
    private var refusal: CertificateRefusal?

    /// - Parameter host: of the URL; the certificate must be for it unless the settings name another.
    init?(_ context: TLSContext, host: String) {
        guard let session = context.newSession() else { return nil }
        guard let incoming = BIO_new(BIO_s_mem()), let outgoing = BIO_new(BIO_s_mem()) else {
            SSL_free(session)
            return nil
        }
        self.session = session
        self.incoming = incoming
        self.outgoing = outgoing
        verifies = context.settings.verifies
        SSL_set_bio(session, incoming, outgoing)
        SSL_set_connect_state(session)
        let name = context.settings.serverName ?? host
        let isAddress = SocketAddress(literal: name, port: 0) != nil
        if !isAddress {
            _ = name.withCString {
                SSL_ctrl(
                    session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: $0))
            }
        }
        guard verifies else {
            SSL_set_verify(session, SSL_VERIFY_NONE, nil)
            return
        }
        if isAddress {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name)
        } else {
            SSL_set1_host(session, name)
        }
        SSL_set_ex_data(session, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_verify(session, SSL_VERIFY_PEER) { isFine, store in
            if isFine == 0 { TLSSession.note(store) }
            return isFine
        }
    }

    deinit {
        SSL_free(session)
        buffer.deallocate()
    }

    /// Remembers why a certificate is refused; called by OpenSSL in a handshake.
    private static func note(_ store: OpaquePointer?) {
        guard let store, let raw = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let owner = SSL_get_ex_data(OpaquePointer(raw), 0)
        else { return }
        Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue().refusal = CertificateRefusal(store)
    }

    /// Says that nothing more will come, as far as that can be said without waiting.
    func sayFarewell(_ socket: TCPSocket) {
        ERR_clear_error()
        SSL_shutdown(session)
        ERR_clear_error()
        try? flush(to: socket, by: .now)
    }

    // MARK: - Handshake

    /// Agrees with the server, before anything is sent.
    func handshake(over socket: TCPSocket, by deadline: Deadline) throws(SocketFailure) {
        while true {
            ERR_clear_error()
            let result = SSL_do_handshake(session)
            let problem = SSL_get_error(session, result)
            let error = TLSErrors.take()
            do throws(SocketFailure) { try flush(to: socket, by: deadline) } catch {
                // A server that has said why it refuses need not listen any more.
                if problem == SSL_ERROR_WANT_READ { throw error }
            }
            if result == 1 { return }
            guard problem == SSL_ERROR_WANT_READ else { throw failure(error) }
            guard try feed(from: socket, by: deadline) else {
                throw .insecure("the server closed the connection in the TLS handshake", isRefusal: true)
            }
        }
    }

    private func failure(_ error: (words: String, alert: Int?)) -> SocketFailure {
        if let refusal { return .insecure("the server's certificate is refused: \(refusal.words)", isRefusal: true) }
        guard let alert = error.alert else { return .insecure("TLS: \(error.words)", isRefusal: true) }
        // Alerts about the client's certificate; after any of them the server has read no request (RFC 8446, 6.2).
        let isAboutCertificate = [41, 42, 43, 44, 45, 46, 48, 49, 116].contains(alert)
        let words = "the server refused the TLS connection: \(error.words)"
        return .insecure(
            words + (isAboutCertificate || alert == 40 ? "; look at `client.tls.certificate` and its authority" : ""),
            isRefusal: isAboutCertificate || alert == 40 || alert == 70 || alert == 71 || alert == 112)
    }

    // MARK: - Bytes

    /// Encrypts bytes and hands them to the kernel.
    /// - Parameter sent: how many encrypted bytes the kernel has taken, also when this throws.
    func send(_ bytes: [UInt8], sent: inout Int, over socket: TCPSocket, by deadline: Deadline) throws(SocketFailure) {
        ERR_clear_error()
        // Into memory, everything goes at once.
        let result = bytes.withUnsafeBytes { SSL_write(session, $0.baseAddress, Int32($0.count)) }
        guard result == Int32(bytes.count) else { throw failure(TLSErrors.take()) }
        try socket.send(takeOutgoing(), sent: &sent, by: deadline)
    }

    /// Waits for bytes and decrypts what there is.
    /// - Returns: how many; 0 when the server has said that it is done.
    func receive(
        into target: UnsafeMutableRawBufferPointer, over socket: TCPSocket, by deadline: Deadline
    ) throws(SocketFailure) -> Int {
        while true {
            ERR_clear_error()
            let count = SSL_read(session, target.baseAddress, Int32(clamping: target.count))
            if count > 0 { return Int(count) }
            switch SSL_get_error(session, count) {
            case SSL_ERROR_WANT_READ:
                try flush(to: socket, by: deadline)
                // Without a farewell, the end of the stream may be somebody's who cut an answer short.
                guard try feed(from: socket, by: deadline) else { throw .closed }
            case SSL_ERROR_ZERO_RETURN: return 0
            default: throw failure(TLSErrors.take())
            }
        }
    }

    /// Whether there is anything to read for the one who asks, the end of the stream and errors included. Never waits.
    /// What TLS itself has to say, such as tickets for later sessions, is no news.
    func hasNews(_ socket: TCPSocket) -> Bool {
        while socket.hasNews {
            // What there is can be read at once.
            guard (try? feed(from: socket, by: .now)) == true else { return true }
            ERR_clear_error()
            var byte: UInt8 = 0
            let count = SSL_peek(session, &byte, 1)
            if count > 0 || SSL_get_error(session, count) != SSL_ERROR_WANT_READ { return true }
        }
        return false
    }

    /// - Returns: false at the end of the stream.
    private func feed(from socket: TCPSocket, by deadline: Deadline) throws(SocketFailure) -> Bool {
        let count = try socket.receive(into: buffer, by: deadline)
        guard count > 0 else { return false }
        BIO_write(incoming, buffer.baseAddress, Int32(count))
        return true
    }

    private func flush(to socket: TCPSocket, by deadline: Deadline) throws(SocketFailure) {
        let bytes = takeOutgoing()
        var sent = 0
        if !bytes.isEmpty { try socket.send(bytes, sent: &sent, by: deadline) }
    }

    private func takeOutgoing() -> [UInt8] {
        let count = BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            filled = max(0, Int(BIO_read(outgoing, target.baseAddress, Int32(clamping: count))))
        }
    }
}
