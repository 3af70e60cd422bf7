import Testing

@testable import PolygraphCluster

/// Code and waits that a bent clock does not reach, found in bytes and in words of /proc.
@Suite struct ClockReachTests {
    private static func intel(_ code: [UInt8]) -> ClockCalls.Found {
        var found = ClockCalls.Found()
        (code + [UInt8](repeating: 0x90, count: 64)).withUnsafeBytes { ClockCalls.findIntel($0, into: &found) }
        return found
    }

    private static func arm(_ code: [UInt32]) -> ClockCalls.Found {
        var found = ClockCalls.Found()
        (code + [UInt32](repeating: 0xd503_201f, count: 16)).withUnsafeBytes { ClockCalls.findArm($0, into: &found) }
        return found
    }

    @Test func `system calls for the time are found in code`() {
        // mov $228, %eax; syscall. Then with another instruction between, and the other two calls.
        #expect(ClockReachTests.intel([0xb8, 228, 0, 0, 0, 0x0f, 0x05]).direct == ["clock_gettime"])
        #expect(ClockReachTests.intel([0x55, 0xb8, 96, 0, 0, 0, 0x31, 0xf6, 0x0f, 0x05]).direct == ["gettimeofday"])
        #expect(ClockReachTests.intel([0xb8, 201, 0, 0, 0, 0x0f, 0x05]).direct == ["time"])
        // mov $228, %edi; call.
        #expect(ClockReachTests.intel([0xbf, 228, 0, 0, 0, 0xe8, 1, 2, 3, 4]).argument == ["clock_gettime"])
        // mov w8, #113; svc #0. mov x0, #113; bl.
        #expect(ClockReachTests.arm([0x5280_0e28, 0xd400_0001]).direct == ["clock_gettime"])
        #expect(ClockReachTests.arm([0xd280_0e20, 0x9400_0010]).argument == ["clock_gettime"])
        #expect(ClockReachTests.arm([0x5280_1528, 0xaa00_03e1, 0xd400_0001]).direct == ["gettimeofday"])
    }

    @Test func `other system calls and other numbers are not`() {
        let none = ClockCalls.Found()
        #expect(ClockReachTests.intel([0xb8, 1, 0, 0, 0, 0x0f, 0x05]) == none)
        #expect(ClockReachTests.intel([0xb8, 228, 1, 0, 0, 0x0f, 0x05]) == none)
        #expect(
            ClockReachTests.intel([0xb8, 228, 0, 0, 0] + [UInt8](repeating: 0x90, count: 40) + [0x0f, 0x05]) == none)
        #expect(ClockReachTests.arm([0x5280_0e48, 0xd400_0001]) == none)
        #expect(ClockReachTests.arm([0x5280_0e27, 0xd400_0001]) == none)
    }

    #if arch(x86_64)
        @Test func `waits until a time of the real clock are told from others`() {
            let rest = "0x0 0x0 0xffffffff 0x7ffc0 0x7f00\n"
            #expect(ThreadWaits.kind("202 0x7f00 0x189 0x0 0x7ffd00 " + rest) == "futex")
            // Without a time, with the monotonic clock, and a relative wait.
            #expect(ThreadWaits.kind("202 0x7f00 0x189 0x0 0x0 " + rest) == nil)
            #expect(ThreadWaits.kind("202 0x7f00 0x89 0x0 0x7ffd00 " + rest) == nil)
            #expect(ThreadWaits.kind("202 0x7f00 0x80 0x0 0x7ffd00 " + rest) == nil)
            #expect(ThreadWaits.kind("230 0x0 0x1 0x7ffd00 0x0 " + rest) == "clock_nanosleep")
            #expect(ThreadWaits.kind("230 0x1 0x1 0x7ffd00 0x0 " + rest) == nil)
            #expect(ThreadWaits.kind("230 0x0 0x0 0x7ffd00 0x0 " + rest) == nil)
            #expect(ThreadWaits.kind("running\n") == nil)
        }
    #endif
}
