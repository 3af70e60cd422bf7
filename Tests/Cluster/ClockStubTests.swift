import CLinux
import Glibc
import Testing

@testable import PolygraphCluster

/// The clock stub, run in this process: its arithmetic against that of 128-bit numbers.
@Suite struct ClockStubTests {
    /// An executable copy of the stub.
    private final class Copy {
        let memory: UnsafeMutableRawPointer
        var head: UnsafeMutablePointer<lab_stub_head> { memory.assumingMemoryBound(to: lab_stub_head.self) }

        init() {
            let protection = PROT_READ | PROT_WRITE | PROT_EXEC
            memory = mmap(nil, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            memory.copyMemory(from: lab_stub_bytes(), byteCount: Int(lab_stub_size()))
        }

        deinit { munmap(memory, 4096) }

        func function<Function>(_ path: KeyPath<lab_stub_head, Function>) -> UnsafeMutableRawPointer {
            memory + MemoryLayout<lab_stub_head>.offset(of: path)!
        }
    }

    private typealias ClockFunction = @convention(c) (Int32, UnsafeMutablePointer<timespec>) -> Int32
    private typealias DayFunction = @convention(c) (UnsafeMutablePointer<timeval>, UnsafeMutableRawPointer?) -> Int32

    private static func expected(_ time: Int64, _ setting: lab_clock_setting) -> Int64 {
        let since = time - setting.reference
        let slewed = Int64((Int128(min(since, setting.slew_duration)) * Int128(setting.slew_rate)) >> 48)
        let gained = Int64((Int128(since) * Int128(setting.rate)) >> 48) + slewed
        let isAhead = setting.strobe_stretch != 0 && since / setting.strobe_stretch % 2 != 0
        return time + setting.offset + gained + (isAhead ? setting.strobe_amplitude : 0)
    }

    @Test func `it shows what the setting says, for any offset and rate`() throws {
        let copy = Copy()
        #expect(copy.head.pointee.magic == UInt64(lab_stub_magic))
        let clock = unsafeBitCast(copy.function(\.clock_gettime), to: ClockFunction.self)
        let day = unsafeBitCast(copy.function(\.gettimeofday), to: DayFunction.self)
        var random = SystemRandomNumberGenerator()
        for turn in 0..<5000 {
            var setting = lab_clock_setting()
            setting.offset =
                turn % 7 == 0 ? 0 : Int64.random(in: -1_000_000_000_000_000_000...1_000_000_000_000_000_000)
            setting.reference = lab_real_time() - Int64.random(in: -1_000_000_000_000...1_000_000_000_000)
            setting.rate = turn % 5 == 0 ? 0 : Int64.random(in: -(1 << 56)...(1 << 56))
            if turn % 3 == 0 {
                setting.slew_duration = Int64.random(in: 0...500_000_000_000)
                setting.slew_rate = Int64.random(in: -(1 << 56)...(1 << 56))
            }
            if turn % 4 == 0 {
                // Long stretches: between two readings of the clock there is hardly ever a jump.
                setting.strobe_stretch = Int64.random(in: 1_000_000_000...2_000_000_000_000)
                setting.strobe_amplitude = Int64.random(in: -1_000_000_000_000_000...1_000_000_000_000_000)
            }
            let generation = random.next()
            copy.head.pointee.generation = generation
            if generation & 1 == 0 {
                copy.head.pointee.settings.0 = setting
            } else {
                copy.head.pointee.settings.1 = setting
            }
            var time = timespec()
            let before = lab_real_time()
            #expect(clock(CLOCK_REALTIME, &time) == 0)
            let after = lab_real_time()
            #expect((0..<1_000_000_000).contains(time.tv_nsec))
            let shown = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
            let bounds = [ClockStubTests.expected(before, setting), ClockStubTests.expected(after, setting)].sorted()
            #expect(bounds[0] <= shown && shown <= bounds[1], "\(setting)")

            var coarse = timeval()
            let early = lab_real_time()
            #expect(day(&coarse, nil) == 0)
            let late = lab_real_time()
            let microseconds = Int64(coarse.tv_sec) * 1_000_000_000 + Int64(coarse.tv_usec) * 1000
            let wide = [ClockStubTests.expected(early, setting), ClockStubTests.expected(late, setting)].sorted()
            #expect(wide[0] - 1000 <= microseconds && microseconds <= wide[1], "\(setting)")
        }
    }

    @Test func `other clocks and wrong arguments are left alone`() {
        let copy = Copy()
        copy.head.pointee.settings.0.offset = 1_000_000_000_000
        let clock = unsafeBitCast(copy.function(\.clock_gettime), to: ClockFunction.self)
        var time = timespec()
        let before = lab_monotonic_time()
        #expect(clock(CLOCK_MONOTONIC, &time) == 0)
        let shown = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        #expect(before <= shown && shown <= lab_monotonic_time())
        #expect(clock(77, &time) != 0)
    }

    @Test func `the detour fits into this machine's vDSO and leads to the stub`() throws {
        let detour = try ClockDetour()
        let image = try #require(VdsoImage())
        #expect(detour.stubOffset >= image.usedEnd)
        #expect(detour.stubOffset + detour.stub.count <= image.bytes.count)
        for replacement in detour.replacements {
            #expect(replacement.original.count == replacement.detour.count)
            #expect(
                Array(image.bytes[replacement.offset..<(replacement.offset + replacement.original.count)])
                    == replacement.original)
        }
    }

    @Test func `only instructions that mean the same everywhere are moved`() {
        let movable: [([UInt8], Int)] = [
            ([0x55, 0x48], 1), ([0x41, 0x56, 0x90], 2), ([0xf3, 0x0f, 0x1e, 0xfa], 4), ([0x48, 0x89, 0xe5], 3),
            ([0x48, 0x83, 0xec, 0x18], 4), ([0x83, 0xff, 0x17, 0x90], 3), ([0xb8, 1, 0, 0, 0], 5),
        ]
        for (code, length) in movable { #expect(MachineCode.intelLength(code[...]) == length) }
        // A call, jumps, a jump on a condition, and a load relative to the instruction.
        for code: [UInt8] in [
            [0xe8, 0, 0, 0, 0], [0xe9, 0, 0, 0, 0], [0x74, 5], [0x0f, 0x84, 0, 0, 0, 0],
            [0x48, 0x8b, 0x05, 0, 0, 0, 0],
        ] {
            #expect(MachineCode.intelLength(code[...]) == nil)
        }
        // arm64: adrp, b, b.eq, cbz, tbz, ldr of a constant; then cmp, stp, mov.
        for word: UInt32 in [0x9000_0000, 0x1400_0001, 0x5400_0040, 0xb400_0040, 0x3600_0040, 0x5800_0040] {
            #expect(MachineCode.isRelative(word))
        }
        for word: UInt32 in [0x7100_2c1f, 0xa9bf_7bfd, 0xaa00_03e1] { #expect(!MachineCode.isRelative(word)) }
    }

    @Test func `a skew's error is what its setting shows`() throws {
        let slew = ClockSlew(gain: 90_000_000_007, duration: 60_000_000_000)
        for skew in [
            ClockSkew(offset: 5), .frozen(at: -7), ClockSkew(offset: 1, ratePartsPerMillion: 7, slew: slew),
            ClockSkew(offset: 3, ratePartsPerMillion: 250, strobe: ClockStrobe(period: 2000, amplitude: -50)),
        ] {
            let setting = try ClockSetting(skew, now: 1_000_000_000_000)
            let raw = setting.bytes.withUnsafeBytes { $0.loadUnaligned(as: lab_clock_setting.self) }
            #expect(ClockSetting(bytes: setting.bytes) == setting)
            #expect(ClockSkew(requestWords: skew.requestWords[...]) == skew)
            for elapsed: Int64 in [0, 999, 1000, 1999, 2000, 59_999_999_999, 60_000_000_000, 600_000_000_000] {
                let shown = ClockStubTests.expected(1_000_000_000_000 + elapsed, raw) - 1_000_000_000_000 - elapsed
                // The stub counts rates in fractions of 2^48.
                #expect(abs(shown - skew.error(after: elapsed)) <= 2, "\(skew) \(elapsed)")
            }
        }
        #expect(ClockSkew(offset: 0, slew: slew).error(after: slew.duration) == slew.gain)
        #expect(throws: ClusterError.self) { try ClockSetting(ClockSkew(offset: .max), now: 1) }
        #expect(throws: ClusterError.self) {
            try ClockSetting(ClockSkew(offset: 0, strobe: ClockStrobe(period: 1, amplitude: 1)), now: 1)
        }
    }
}
