#define _GNU_SOURCE
#include "proxy.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clinux_wake_new(void) {
    int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake < 0 ? -errno : wake;
}

void clinux_wake_set(int wake) {
    uint64_t one = 1;
    // Full only where it is set already.
    ssize_t ignored = write(wake, &one, sizeof one);
    (void)ignored;
}

void clinux_wake_clear(int wake) {
    uint64_t count;
    ssize_t ignored = read(wake, &count, sizeof count);
    (void)ignored;
}

int clinux_poll(void *descriptors, unsigned long count, int64_t timeout) {
    struct timespec limit = {timeout / 1000000000, timeout % 1000000000};
    int ready = ppoll(descriptors, count, &limit, NULL);
    return ready < 0 ? -errno : ready;
}

int clinux_memory_file(const char *name) {
    int file = memfd_create(name, MFD_CLOEXEC);
    return file < 0 ? -errno : file;
}

void clinux_close_on_exec(unsigned first) {
    const unsigned on_exec = 4; // CLOSE_RANGE_CLOEXEC, which older headers do not have.
    syscall(SYS_close_range, first, ~0U, on_exec);
}
