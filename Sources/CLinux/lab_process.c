#define _GNU_SOURCE
#include "lab_process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lab_system.h"

int lab_descriptor_limit(pid_t process, uint64_t *limit, uint64_t *largest) {
    struct rlimit value;
    if (prlimit(process, RLIMIT_NOFILE, NULL, &value)) return errno;
    *limit = value.rlim_cur;
    *largest = value.rlim_max;
    return 0;
}

int lab_set_descriptor_limit(pid_t process, uint64_t limit) {
    struct rlimit value;
    if (prlimit(process, RLIMIT_NOFILE, NULL, &value)) return errno;
    // The hard limit stays: who lowers it may not raise it again without being root.
    value.rlim_cur = limit < value.rlim_max ? limit : value.rlim_max;
    return prlimit(process, RLIMIT_NOFILE, &value, NULL) ? errno : 0;
}

int64_t lab_processor_time(pid_t process) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(process, &clock) || clock_gettime(clock, &time)) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

bool lab_wait_readable(int first, int second, int64_t timeout) {
    struct pollfd polled[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
    struct timespec limit = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    int count = ppoll(polled, 2, timeout < 0 ? NULL : &limit, NULL);
    return count > 0 && polled[0].revents != 0;
}

static _Noreturn void run_command(
    const char *program, char *const arguments[], char *const environment[], const char *directory, int output,
    int failures) {
    setsid();
    for (int signal = 1; signal < _NSIG; signal++) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(signal, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(directory)) {
        int error = errno;
        (void)!write(failures, &error, sizeof error);
        _exit(127);
    }
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    execve(program, arguments, environment);
    int error = errno;
    (void)!write(failures, &error, sizeof error);
    _exit(127);
}

int lab_run_command(
    const char *program, char *const arguments[], char *const environment[], const char *directory, int64_t timeout,
    uint8_t *buffer, size_t size, size_t *length, int *status) {
    int output[2], failures[2];
    *length = 0;
    if (pipe2(output, O_CLOEXEC)) return errno;
    if (pipe2(failures, O_CLOEXEC)) {
        int error = errno;
        close(output[0]);
        close(output[1]);
        return error;
    }
    pid_t child = fork();
    int error = child < 0 ? errno : 0;
    if (child == 0) run_command(program, arguments, environment, directory, output[1], failures[1]);
    close(output[1]);
    close(failures[1]);
    if (!error && read(failures[0], &error, sizeof error) != sizeof error) error = 0;
    close(failures[0]);

    int64_t limit = lab_monotonic_time() + timeout;
    bool ended = child < 0 || error != 0, timed_out = false;
    if (child > 0 && ended) while (waitpid(child, status, 0) < 0 && errno == EINTR) {}
    bool more = !ended;
    while (more || !ended) {
        if (!ended && waitpid(child, status, WNOHANG) == child) {
            ended = true;
            // A daemon that the program leaves behind may hold its output for ever.
            int64_t soon = lab_monotonic_time() + 100000000;
            if (soon < limit) limit = soon;
        }
        int64_t rest = limit - lab_monotonic_time();
        if (rest <= 0) break;
        if (rest > 5000000) rest = 5000000;
        if (!more) {
            usleep((useconds_t)(rest / 1000));
        } else if (lab_wait_readable(output[0], -1, rest)) {
            uint8_t excess[4096];
            bool full = *length == size;
            ssize_t count = read(output[0], full ? excess : buffer + *length, full ? sizeof excess : size - *length);
            if (count <= 0) more = false;
            else if (!full) *length += (size_t)count;
        }
    }
    close(output[0]);
    // What it has left behind in its process group ends too.
    if (child > 0) kill(-child, SIGKILL);
    if (!ended) {
        timed_out = true;
        while (waitpid(child, status, 0) < 0 && errno == EINTR) {}
    }
    return error ? error : timed_out ? ETIMEDOUT : 0;
}
