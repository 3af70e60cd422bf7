#pragma once

// Network namespaces of other processes, and waiting with a precision of nanoseconds.

#include <stdint.h>
#include <sys/types.h>

/// Moves the calling thread into the network namespace of `process`. 0, or an errno.
int lab_enter_network(pid_t process);

/// A timer's descriptor, readable when the timer is over; close-on-exec and non-blocking, or -errno.
int lab_timer_new(void);
/// Sets the timer to a moment of CLOCK_MONOTONIC in nanoseconds; 0 stops it. Takes back what has been readable.
/// 0, or an errno.
int lab_timer_set(int timer, int64_t moment);
