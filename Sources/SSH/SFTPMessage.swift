/// The messages of the SSH File Transfer Protocol, version 3 (draft-ietf-secsh-filexfer-02), that are used here.
enum SFTPMessage {
    enum Kind: UInt8 {
        case initialize = 1
        case version = 2
        case open = 3
        case close = 4
        case read = 5
        case write = 6
        case setStatus = 9
        case setHandleStatus = 10
        case remove = 13
        case makeDirectory = 14
        case stat = 17
        case rename = 18
        case status = 101
        case handle = 102
        case data = 103
        case attributes = 105
        case extended = 200
        case extendedReply = 201
    }

    /// `SSH_FX_…`
    enum Status {
        static let ok: UInt32 = 0
        static let endOfFile: UInt32 = 1
        static let noSuchFile: UInt32 = 2
        static let permissionDenied: UInt32 = 3
        static let failure: UInt32 = 4
        static let unsupported: UInt32 = 8
    }

    static let readFlag: UInt32 = 1
    static let writeFlag: UInt32 = 2
    static let createFlag: UInt32 = 8
    static let truncateFlag: UInt32 = 16

    /// `SSH_FILEXFER_ATTR_…`
    static let hasSize: UInt32 = 1
    static let hasOwner: UInt32 = 2
    static let hasPermissions: UInt32 = 4
    static let hasTimes: UInt32 = 8
}

/// What the server says of a file.
public struct SFTPAttributes: Hashable, Sendable {
    public let size: UInt64
    /// Type and permissions, as `st_mode`.
    public let mode: UInt32

    public var isDirectory: Bool { mode & 0o170000 == 0o040000 }
    public var permissions: UInt32 { mode & 0o7777 }

    init?(_ reader: inout WireReader) {
        guard let flags = reader.uint32() else { return nil }
        var size: UInt64 = 0
        var mode: UInt32 = 0
        if flags & SFTPMessage.hasSize != 0 {
            guard let value = reader.uint64() else { return nil }
            size = value
        }
        if flags & SFTPMessage.hasOwner != 0 {
            guard reader.uint64() != nil else { return nil }
        }
        if flags & SFTPMessage.hasPermissions != 0 {
            guard let value = reader.uint32() else { return nil }
            mode = value
        }
        self.size = size
        self.mode = mode
    }
}
