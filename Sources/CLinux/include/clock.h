#pragma once
#include <stdint.h>

/// Nanoseconds of `CLOCK_MONOTONIC`.
int64_t clinux_monotonic_ns(void);

/// Blocks the calling thread for so many nanoseconds.
void clinux_sleep_ns(int64_t duration_ns);
