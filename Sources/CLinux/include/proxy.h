#pragma once

// What a proxy in this process, and programs that it runs, need beside POSIX.

#include <stdint.h>

/// A counter that wakes whoever polls it; close-on-exec and non-blocking, or -errno.
int clinux_wake_new(void);
/// Wakes whoever polls it.
void clinux_wake_set(int wake);
/// Takes back what has been set.
void clinux_wake_clear(int wake);

/// Polls `count` structs `pollfd` with a timeout in nanoseconds. How many have events, or -errno.
int clinux_poll(void *descriptors, unsigned long count, int64_t timeout);

/// Keeps all descriptors from `first` on from programs that this process runs, as far as the kernel can (5.11).
void clinux_close_on_exec(unsigned first);

/// A file without a name in memory, close-on-exec, or -errno.
int clinux_memory_file(const char *name);
