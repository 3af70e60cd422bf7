/// The few instructions that a detour is made of.
enum MachineCode {
    #if arch(arm64)
        private static let isArm = true
    #else
        private static let isArm = false
    #endif

    /// The jump from a function to the stub.
    /// - Parameters:
    ///   - stub: gets what the entry needs beside the jump.
    ///   - entry: the offset of the function's entry in the stub.
    static func detour(
        _ image: [UInt8], function: Int, stub: inout [UInt8], stubOffset: Int, entry: Int
    ) throws(ClusterError) -> ClockDetour.Replacement {
        isArm
            ? armDetour(image, function: function, stub: &stub, stubOffset: stubOffset, entry: entry)
            : intelDetour(image, function: function, target: stubOffset + entry)
    }

    /// Puts the displaced instructions of clock_gettime and a jump to the rest into the stub. Where they cannot be
    /// moved the stub keeps the system call that it was made with, which is slower and as good.
    static func relocateOriginal(
        _ image: [UInt8], function: Int, _ replacement: ClockDetour.Replacement, stub: inout [UInt8],
        stubOffset: Int, place: Int
    ) {
        let code =
            isArm
            ? armOriginal(image, function: function, replacement, at: stubOffset + place)
            : intelOriginal(image, function: function, at: stubOffset + place)
        guard let code, code.count <= 48 else { return }
        stub.replaceSubrange(place..<(place + code.count), with: code)
    }

    // MARK: x86-64

    private static let jumpLength = 5

    private static func intelJump(from: Int, to: Int) -> [UInt8] {
        [0xe9] + littleEndian(UInt32(bitPattern: Int32(to - from - jumpLength)))
    }

    private static func intelDetour(_ image: [UInt8], function: Int, target: Int) -> ClockDetour.Replacement {
        ClockDetour.Replacement(
            offset: function, original: Array(image[function..<(function + jumpLength)]),
            detour: intelJump(from: function, to: target))
    }

    private static func intelOriginal(_ image: [UInt8], function: Int, at place: Int) -> [UInt8]? {
        var length = 0
        while length < jumpLength {
            guard let next = intelLength(image[(function + length)..<min(function + length + 16, image.count)]) else {
                return nil
            }
            length += next
        }
        return Array(image[function..<(function + length)])
            + intelJump(from: place + length, to: function + length)
    }

    /// The length of an instruction that does the same wherever it stands; nil for any other and any unknown one.
    static func intelLength(_ code: ArraySlice<UInt8>) -> Int? {
        var bytes = Array(code)
        if bytes.starts(with: [0xf3, 0x0f, 0x1e, 0xfa]) { return 4 }  // endbr64
        var prefix = 0
        if let first = bytes.first, first & 0xf0 == 0x40 {
            prefix = 1
            bytes.removeFirst()
        }
        guard bytes.count >= 2 else { return nil }
        let betweenRegisters = bytes[1] & 0xc0 == 0xc0
        switch bytes[0] {
        case 0x50...0x57: return prefix + 1  // push
        case 0x89, 0x8b, 0x31, 0x33, 0x85, 0x39, 0x3b, 0x01, 0x03, 0x29, 0x2b, 0x21, 0x23, 0x09, 0x0b, 0x63:
            return betweenRegisters ? prefix + 2 : nil  // mov, xor, test, cmp, add, sub, and, or
        case 0x83: return betweenRegisters ? prefix + 3 : nil  // the same with a short constant
        case 0x81: return betweenRegisters ? prefix + 6 : nil  // with a long one
        case 0xb8...0xbf: return prefix == 0 ? 5 : nil  // mov of a constant
        default: return nil
        }
    }

    // MARK: arm64

    private static let pushSignature: UInt32 = 0xd503_233f  // paciasp
    private static let checkSignature: UInt32 = 0xd503_23bf  // autiasp
    private static let landingPads: Set<UInt32> = [0xd503_241f, 0xd503_245f, 0xd503_249f, 0xd503_24df]  // bti

    private static func word(_ image: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(image[offset + $1]) << (8 * UInt32($1)) }
    }

    private static func littleEndian(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }

    private static func armJump(from: Int, to: Int) -> [UInt8] {
        littleEndian(0x1400_0000 | (UInt32(bitPattern: Int32((to - from) / 4)) & 0x03ff_ffff))
    }

    private static func armDetour(
        _ image: [UInt8], function: Int, stub: inout [UInt8], stubOffset: Int, entry: Int
    ) -> ClockDetour.Replacement {
        // A pointer to the function must still meet the instruction that allows calls through pointers.
        let first = word(image, function)
        let displaced = landingPads.contains(first) || first == pushSignature ? function + 4 : function
        if first == pushSignature {
            stub.replaceSubrange(entry..<(entry + 4), with: littleEndian(checkSignature))
        }
        return ClockDetour.Replacement(
            offset: displaced, original: Array(image[displaced..<(displaced + 4)]),
            detour: armJump(from: displaced, to: stubOffset + entry))
    }

    private static func armOriginal(
        _ image: [UInt8], function: Int, _ replacement: ClockDetour.Replacement, at place: Int
    ) -> [UInt8]? {
        let displaced = word(image, replacement.offset)
        guard !isRelative(displaced) else { return nil }
        var code: [UInt8] = word(image, function) == pushSignature ? littleEndian(pushSignature) : []
        code += littleEndian(displaced)
        return code + armJump(from: place + code.count, to: replacement.offset + 4)
    }

    /// Whether an arm64 instruction means something else at another place.
    static func isRelative(_ word: UInt32) -> Bool {
        word & 0x1f00_0000 == 0x1000_0000  // adr, adrp
            || word & 0x7c00_0000 == 0x1400_0000  // b, bl
            || word & 0xff00_0000 == 0x5400_0000  // b.cond
            || word & 0x7e00_0000 == 0x3400_0000  // cbz, cbnz
            || word & 0x7e00_0000 == 0x3600_0000  // tbz, tbnz
            || word & 0x3b00_0000 == 0x1800_0000  // ldr of a constant nearby
    }
}
