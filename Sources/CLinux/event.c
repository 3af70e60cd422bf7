#define _GNU_SOURCE
#include "event.h"
#include "clock.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CLEAR, SET, SLEEPING };

void clinux_event_set(clinux_event *event) {
    if (__atomic_exchange_n(&event->state, SET, __ATOMIC_ACQ_REL) == SLEEPING) {
        syscall(SYS_futex, &event->state, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    }
}

static int exchange(clinux_event *event, uint32_t from, uint32_t to) {
    return __atomic_compare_exchange_n(&event->state, &from, to, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

int clinux_event_take(clinux_event *event) { return exchange(event, SET, CLEAR); }

int clinux_event_wait(clinux_event *event, int64_t timeout_ns) {
    int64_t deadline = timeout_ns < 0 ? 0 : clinux_monotonic_ns() + timeout_ns;
    for (;;) {
        if (clinux_event_take(event)) return 1;
        struct timespec rest, *limit = 0;
        if (timeout_ns >= 0) {
            int64_t left = deadline - clinux_monotonic_ns();
            if (left <= 0) return 0;
            rest.tv_sec = left / 1000000000;
            rest.tv_nsec = left % 1000000000;
            limit = &rest;
        }
        if (exchange(event, CLEAR, SLEEPING)) {
            syscall(SYS_futex, &event->state, FUTEX_WAIT_PRIVATE, SLEEPING, limit, 0, 0);
            exchange(event, SLEEPING, CLEAR);
        }
    }
}
