#pragma once

// What a helper on a host does to its own machine.

#include <stdint.h>
#include <sys/types.h>

/// A file in memory, close-on-exec, or -errno.
int lab_memory_file(void);
/// A pipe, reading end first, both close-on-exec. 0, or an errno.
int lab_pipe(int ends[2]);

/// A new process that calls `task` and ends, or dies with the caller; it has no open descriptors. The caller must have
/// one thread only.
/// - Returns: its number, or -errno.
pid_t lab_fork_task(void (*task)(void *), void *argument);

/// Nanoseconds of CLOCK_MONOTONIC_RAW, which nothing steers.
int64_t lab_raw_time(void);
/// Sets CLOCK_REALTIME of this machine. 0, or an errno.
int lab_set_real_time(int64_t nanoseconds);
/// How fast this machine's clock is made to run: microseconds per hundredth of a second, and 2^-16 parts per million on
/// top. 0, or an errno.
int lab_clock_rate(int64_t *tick, int64_t *frequency);
/// Makes this machine's clock run so fast. 0, or an errno.
int lab_set_clock_rate(int64_t tick, int64_t frequency);
