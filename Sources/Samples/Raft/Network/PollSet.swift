import Glibc

/// Who waits for what in one round of the event loop.
struct PollSet {
    enum Owner {
        case disk
        case peerListener
        case peerLink(Int)
        case peerIncoming(Int32)
        case clientListener
        case client(Int32)
    }

    private var descriptors: [pollfd] = []
    private var owners: [Owner] = []

    mutating func removeAll() {
        descriptors.removeAll(keepingCapacity: true)
        owners.removeAll(keepingCapacity: true)
    }

    mutating func add(_ descriptor: Int32, _ events: Int32, _ owner: Owner) {
        descriptors.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
        owners.append(owner)
    }

    /// Waits until something happens or the time is up; returns who is concerned and by what.
    mutating func wait(nanoseconds: Nanoseconds) -> [(owner: Owner, events: Int32)] {
        // Rounded up: waking before the deadline would only mean to wait again.
        let milliseconds = Int32(clamping: (max(0, nanoseconds) + 999_999) / 1_000_000)
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return [] }
        return zip(owners, descriptors).compactMap { owner, descriptor in
            descriptor.revents == 0 ? nil : (owner, Int32(descriptor.revents))
        }
    }
}
