#pragma once
#include <stdint.h>

/// A flag that one thread waits for and any thread sets; setting it costs no system call while nobody sleeps.
typedef struct {
    uint32_t state;
} clinux_event;

/// Sets the flag and wakes the thread that sleeps on it.
void clinux_event_set(clinux_event *event);

/// Takes the flag back if it is set. Returns 1 if it was.
int clinux_event_take(clinux_event *event);

/// Waits until the flag is set, and takes it back. Returns 1, or 0 when `timeout_ns` nanoseconds (negative: for ever)
/// have passed.
int clinux_event_wait(clinux_event *event, int64_t timeout_ns);
