#pragma once

// The clock stub: position-independent code that is copied into the unused end of a process's vDSO, and that the
// vDSO's time functions are led to. Both architectures' sources begin with the same head.

#include <stdint.h>

/// One setting of the clock, with d = true - reference:
/// skewed time = true + offset + d × rate / 2^48 + min(d, slew_duration) × slew_rate / 2^48, and strobe_amplitude more
/// where d / strobe_stretch, rounded towards zero, is odd.
struct lab_clock_setting {
    int64_t offset;
    int64_t reference;
    int64_t rate;
    /// Nanoseconds.
    int64_t slew_duration;
    /// Nanoseconds of one stretch of the strobe, half its period; 0: none.
    int64_t strobe_stretch;
    int64_t strobe_amplitude;
    int64_t slew_rate;
    int64_t unused;
};

/// The first bytes of the stub.
struct lab_stub_head {
    /// Where the vDSO's functions are led to: 16 bytes of code each.
    uint8_t clock_gettime[16];
    uint8_t gettimeofday[16];
    uint8_t time[16];
    /// Calls a function and stops.
    uint8_t measure[16];
    /// Makes a system call and stops.
    uint8_t system_call[16];
    uint64_t magic;
    /// Setting number `generation & 1` is in force. Changed by filling the other one, then adding 1 here: a thread
    /// reads the setting between two equal readings of the generation.
    uint64_t generation;
    struct lab_clock_setting settings[2];
    /// The original clock_gettime: its displaced first instructions and a jump to the rest, or a system call.
    uint8_t original[48];
};

enum { lab_stub_magic = 0x31676b63 };

/// The stub in this program; 0 bytes on architectures that have none.
const uint8_t *lab_stub_bytes(void);
uint64_t lab_stub_size(void);
