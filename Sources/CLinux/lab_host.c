#define _GNU_SOURCE
#include "lab_host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "lab_system.h"

int lab_memory_file(void) {
    int descriptor = memfd_create("polygraph", MFD_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

int lab_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
}

pid_t lab_fork_task(void (*task)(void *), void *argument) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child > 0 ? child : -errno;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before.
    if (getppid() != parent) _exit(0);
    lab_close_from(0);
    task(argument);
    _exit(0);
}

int64_t lab_raw_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int lab_set_real_time(int64_t nanoseconds) {
    int64_t seconds = nanoseconds / 1000000000;
    int64_t rest = nanoseconds % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds -= 1;
    }
    struct timespec time = {.tv_sec = seconds, .tv_nsec = rest};
    return clock_settime(CLOCK_REALTIME, &time) == 0 ? 0 : errno;
}

int lab_clock_rate(int64_t *tick, int64_t *frequency) {
    struct timex state = {.modes = 0};
    if (adjtimex(&state) < 0) return errno;
    *tick = state.tick;
    *frequency = state.freq;
    return 0;
}

int lab_set_clock_rate(int64_t tick, int64_t frequency) {
    struct timex state = {.modes = ADJ_TICK | ADJ_FREQUENCY, .tick = tick, .freq = frequency};
    return adjtimex(&state) < 0 ? errno : 0;
}
