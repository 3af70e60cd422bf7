#define _GNU_SOURCE
#include "clock.h"
#include <errno.h>
#include <time.h>

int64_t clinux_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void clinux_sleep_ns(int64_t duration_ns) {
    if (duration_ns <= 0) return;
    int64_t end = clinux_monotonic_ns() + duration_ns;
    struct timespec until = {.tv_sec = end / 1000000000, .tv_nsec = end % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, 0) == EINTR) {
    }
}
