#pragma once

// Limits and processor time of other processes.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// How many file descriptors a process may have, and how many it may allow itself. 0, or an errno.
int lab_descriptor_limit(pid_t process, uint64_t *limit, uint64_t *largest);
/// Changes how many file descriptors a process may have; what is open stays open. 0, or an errno.
int lab_set_descriptor_limit(pid_t process, uint64_t limit);
/// Nanoseconds of processor time that all threads of a process have had, or -1 when it is gone.
int64_t lab_processor_time(pid_t process);
/// Runs a program and waits for its end; it is killed, with its process group, after `timeout` nanoseconds. The caller
/// must have one thread only.
/// - Parameters:
///   - buffer: takes the beginning of its standard output and error; `length` says how much.
///   - status: as of waitpid.
/// - Returns: 0, ETIMEDOUT, or the errno of what could not be done.
int lab_run_command(
    const char *program, char *const arguments[], char *const environment[], const char *directory, int64_t timeout,
    uint8_t *buffer, size_t size, size_t *length, int *status);
/// Waits until one of two descriptors (-1: none) is readable, for at most `timeout` nanoseconds (negative: for ever).
/// - Returns: whether the first one has something to say, its end included.
bool lab_wait_readable(int first, int second, int64_t timeout);
