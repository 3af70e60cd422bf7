import Glibc

/// TCP connections that are ready for SSH.
enum SocketConnect {
    /// Connects to whichever of the host's addresses answers first.
    /// - Returns: a non-blocking descriptor without Nagle's delay, which costs 40 ms for every small command.
    static func connect(_ destination: SSHDestination, by deadline: Deadline) throws(SSHError) -> Int32 {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(destination.hostName, String(destination.port), &hints, &list)
        guard code == 0 else {
            throw SSHError(
                .unreachable, host: destination.name, step: "find the address of \(destination.hostName)",
                String(cString: gai_strerror(code)), remedy: "Correct the name, or set HostName in ~/.ssh/config.")
        }
        defer { freeaddrinfo(list) }
        var attempts: [pollfd] = []
        var last = EADDRNOTAVAIL
        var next = list
        while let info = next {
            if let attempt = begin(info.pointee, &last) { attempts.append(attempt) }
            next = info.pointee.ai_next
        }
        while !attempts.isEmpty {
            let ready = poll(&attempts, nfds_t(attempts.count), deadline.pollTimeout)
            if ready == 0, deadline.hasPassed {
                for attempt in attempts { close(attempt.fd) }
                throw SSHError(
                    .unreachable, host: destination.name, step: "connect to \(destination.address)",
                    "no answer within the time given",
                    remedy: "See that the host is up and that no firewall drops the packets.")
            }
            for index in attempts.indices.reversed() where attempts[index].revents != 0 {
                let attempt = attempts.remove(at: index)
                var number: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(attempt.fd, SOL_SOCKET, SO_ERROR, &number, &size)
                if number == 0 {
                    for other in attempts { close(other.fd) }
                    return attempt.fd
                }
                last = number
                close(attempt.fd)
            }
        }
        throw SSHError(
            .unreachable, host: destination.name, step: "connect to \(destination.address)", errorText(last),
            remedy: last == ECONNREFUSED ? "See that sshd runs there and listens on this port." : nil)
    }

    private static func begin(_ info: addrinfo, _ last: inout Int32) -> pollfd? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(info.ai_family, kind, 0)
        guard descriptor >= 0 else {
            last = errno
            return nil
        }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        if Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) != 0, errno != EINPROGRESS {
            last = errno
            close(descriptor)
            return nil
        }
        return pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    }
}
