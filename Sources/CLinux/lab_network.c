#define _GNU_SOURCE
#include "lab_network.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int lab_enter_network(pid_t process) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", process);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int error = setns(descriptor, CLONE_NEWNET) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

int lab_timer_new(void) {
    int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return descriptor >= 0 ? descriptor : -errno;
}

int lab_timer_set(int timer, int64_t moment) {
    struct itimerspec value = {
        .it_value = {.tv_sec = moment / 1000000000, .tv_nsec = moment % 1000000000}};
    return timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) == 0 ? 0 : errno;
}
