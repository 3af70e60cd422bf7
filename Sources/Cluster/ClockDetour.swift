import CLinux

/// What must be written into a process's vDSO so that its time functions go through the clock stub, and back.
///
/// The stub goes into the unused end of the mapping. Of each function only the first instructions change, into a jump;
/// the rest stays, so that a thread inside it finishes undisturbed, and the stub calls it for the true time.
struct ClockDetour {
    /// Bytes to replace, at an offset into the vDSO.
    struct Replacement {
        var offset: Int
        var original: [UInt8]
        var detour: [UInt8]
    }

    /// Where the stub goes.
    let stubOffset: Int
    let stub: [UInt8]
    let replacements: [Replacement]
    /// The function that is called to measure.
    let clockFunction: Int

    var magicOffset: Int { stubOffset + ClockDetour.place(\.magic) }
    var generationOffset: Int { stubOffset + ClockDetour.place(\.generation) }
    var measureOffset: Int { stubOffset + ClockDetour.place(\.measure) }
    var systemCallOffset: Int { stubOffset + ClockDetour.place(\.system_call) }

    func settingOffset(generation: UInt64) -> Int {
        stubOffset + ClockDetour.place(\.settings) + Int(generation & 1) * MemoryLayout<lab_clock_setting>.size
    }

    private static func place<Field>(_ path: KeyPath<lab_stub_head, Field>) -> Int {
        guard let offset = MemoryLayout<lab_stub_head>.offset(of: path) else {
            preconditionFailure("lab_stub_head is a C structure: its fields have offsets")
        }
        return offset
    }

    /// - Throws: why the clocks of this machine's processes cannot be bent.
    init() throws(ClusterError) {
        func refuse(_ reason: String) -> ClusterError { ClusterError("bend the clock of", reason) }
        guard lab_stub_size() > 0 else {
            throw refuse("clocks can be bent on x86-64 and arm64 only; leave `clock` out of the faults")
        }
        guard let image = VdsoImage() else {
            throw refuse(
                "the kernel gives processes no vDSO that can be changed (vdso=0 on its command line?); "
                    + "leave `clock` out of the faults")
        }
        var stub = Array(UnsafeRawBufferPointer(start: lab_stub_bytes(), count: Int(lab_stub_size())))
        stubOffset = (image.usedEnd + 63) & ~63
        guard stubOffset + stub.count <= image.bytes.count else {
            throw refuse("the kernel's vDSO leaves no room (\(image.bytes.count - image.usedEnd) bytes)")
        }
        var replacements: [Replacement] = []
        var clockFunction: Int?
        for (names, entry) in ClockDetour.functions {
            guard let offset = names.compactMap({ image.offset(of: $0) }).first else { continue }
            let replacement = try MachineCode.detour(
                image.bytes, function: offset, stub: &stub, stubOffset: stubOffset, entry: entry)
            replacements.append(replacement)
            if clockFunction == nil {
                clockFunction = offset
                MachineCode.relocateOriginal(
                    image.bytes, function: offset, replacement, stub: &stub, stubOffset: stubOffset,
                    place: ClockDetour.place(\.original))
            }
        }
        guard let clockFunction, ClockDetour.functions[0].names.contains(where: { image.offset(of: $0) != nil }) else {
            throw refuse("the kernel's vDSO has no clock_gettime")
        }
        self.clockFunction = clockFunction
        self.replacements = replacements
        self.stub = stub
    }

    /// The vDSO's names for each function of the stub, and where the stub has it.
    private static let functions: [(names: [String], entry: Int)] = [
        (["__vdso_clock_gettime", "__kernel_clock_gettime"], place(\.clock_gettime)),
        (["__vdso_gettimeofday", "__kernel_gettimeofday"], place(\.gettimeofday)),
        (["__vdso_time"], place(\.time)),
    ]
}
