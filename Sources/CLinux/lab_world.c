// The isolated world: an outer process that waits, process 1 of the world that reaps and passes signals on, and the
// program itself. Process 1 is a process of its own so that reaping orphans cannot take the exit status of a child
// that a thread of the program waits for.

#define _GNU_SOURCE
#include "lab_world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab_sweeper.h"
#include "lab_system.h"

enum message_kind {
    /// To process 1: the user map is written, go on.
    message_go,
    /// To process 1: the outer process was sent this signal.
    message_signal,
    /// From process 1: it could not be done.
    message_failure,
    /// From process 1: the program runs.
    message_entered,
    /// From process 1: the program has ended with this wait status.
    message_ended,
};

struct message {
    int32_t kind;
    int32_t value;
    char step[60];
};

/// Signals that a user or a supervisor sends to end or steer a program.
static const int passed_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
enum { passed_count = sizeof passed_signals / sizeof *passed_signals };

/// A signal sent to the whole process group reaches both the outer process and process 1, but not at the same
/// instant: how long process 1 waits for its own copy before it takes the signal for one sent to the outer process.
static const int64_t copy_window = 50 * 1000000;

static bool send_message(int channel, int32_t kind, int32_t value, const char *step) {
    struct message message = {.kind = kind, .value = value};
    if (step) strncpy(message.step, step, sizeof message.step - 1);
    return send(channel, &message, sizeof message, MSG_NOSIGNAL) == sizeof message;
}

/// False at the end of the channel.
static bool receive_message(int channel, struct message *message) {
    for (;;) {
        ssize_t count = recv(channel, message, sizeof *message, 0);
        if (count == sizeof *message) return true;
        if (count < 0 && errno == EINTR) continue;
        return false;
    }
}

static int write_file(const char *path, const char *text) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int error = write(descriptor, text, strlen(text)) < 0 ? errno : 0;
    close(descriptor);
    return error;
}

/// Makes the caller's user and group root inside the namespace of `child`. 0, or an errno.
static int map_user(pid_t child, uid_t user, gid_t group) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", child);
    int error = write_file(path, "deny");
    // Kernels before 3.19 have no such file, and need none.
    if (error && error != ENOENT) return error;
    snprintf(path, sizeof path, "/proc/%d/uid_map", child);
    snprintf(text, sizeof text, "0 %u 1\n", user);
    if ((error = write_file(path, text))) return error;
    snprintf(path, sizeof path, "/proc/%d/gid_map", child);
    snprintf(text, sizeof text, "0 %u 1\n", group);
    return write_file(path, text);
}

void lab_world_mark(char *buffer, size_t size) {
    char link[64] = "";
    ssize_t length = readlink("/proc/self/ns/pid", link, sizeof link - 1);
    snprintf(buffer, size, "%.*s/%d", length > 0 ? (int)length : 0, link, getpid());
}

// The program

static _Noreturn void run_program(int failures, int sweeper, const sigset_t *mask, char *const arguments[]) {
    char number[16];
    snprintf(number, sizeof number, "%d", sweeper);
    if (sweeper >= 0 && fcntl(sweeper, F_SETFD, 0) == 0) setenv(LAB_SWEEPER_VARIABLE, number, 1);
    else unsetenv(LAB_SWEEPER_VARIABLE);
    char mark[128];
    lab_world_mark(mark, sizeof mark);
    setenv(LAB_WORLD_VARIABLE, mark, 1);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv("/proc/self/exe", arguments);
    int error = errno;
    (void)!write(failures, &error, sizeof error);
    _exit(127);
}

// Process 1

struct keeper {
    int channel;
    pid_t program;
    /// When process 1 got its own copy of a signal that the outer process has not reported yet; 0: none.
    int64_t copied[passed_count];
    /// When the outer process reported a signal that process 1 has no copy of yet; 0: none.
    int64_t reported[passed_count];
};

static int passed_index(int signal) {
    for (int i = 0; i < passed_count; i++)
        if (passed_signals[i] == signal) return i;
    return -1;
}

static void note_copy(struct keeper *keeper, int signal) {
    int i = passed_index(signal);
    if (i < 0) return;
    if (keeper->reported[i]) {
        // Sent to the whole group: the program has its copy too.
        keeper->reported[i] = 0;
    } else {
        keeper->copied[i] = lab_monotonic_time();
    }
}

static void note_report(struct keeper *keeper, int signal) {
    int i = passed_index(signal);
    if (i < 0) return;
    int64_t now = lab_monotonic_time();
    if (keeper->copied[i] && now - keeper->copied[i] < copy_window) {
        keeper->copied[i] = 0;
    } else {
        keeper->copied[i] = 0;
        keeper->reported[i] = now;
    }
}

/// Passes on what was sent to the outer process alone.
/// - Returns: milliseconds until it must be called again, or -1.
static int pass_reports(struct keeper *keeper) {
    int64_t now = lab_monotonic_time();
    int timeout = -1;
    for (int i = 0; i < passed_count; i++) {
        if (!keeper->reported[i]) continue;
        int64_t rest = keeper->reported[i] + copy_window - now;
        if (rest <= 0) {
            keeper->reported[i] = 0;
            kill(keeper->program, passed_signals[i]);
        } else {
            int milliseconds = (int)(rest / 1000000) + 1;
            if (timeout < 0 || milliseconds < timeout) timeout = milliseconds;
        }
    }
    return timeout;
}

/// Reaps every process that has ended; ends the world when the program has.
static void reap(struct keeper *keeper) {
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended <= 0) return;
        if (ended != keeper->program) continue;
        send_message(keeper->channel, message_ended, status, NULL);
        // The kernel ends every other process of the namespace, and only then tells the outer process.
        _exit(0);
    }
}

static _Noreturn void keep(struct keeper *keeper, int signals) {
    struct pollfd polled[2] = {{.fd = keeper->channel, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(polled, 2, pass_reports(keeper)) < 0 && errno != EINTR) _exit(1);
        if (polled[1].revents) {
            struct signalfd_siginfo information;
            while (read(signals, &information, sizeof information) == sizeof information) {
                if (information.ssi_signo == SIGCHLD) reap(keeper);
                else note_copy(keeper, (int)information.ssi_signo);
            }
        }
        if (polled[0].revents) {
            struct message message;
            if (!receive_message(keeper->channel, &message)) _exit(1);
            if (message.kind == message_signal) note_report(keeper, message.value);
        }
    }
}

static _Noreturn void refuse(int channel, const char *step, int error) {
    send_message(channel, message_failure, error, step);
    _exit(1);
}

static _Noreturn void run_keeper(int channel, int sweeper, const sigset_t *mask, char *const arguments[]) {
    // If the outer process is gone already, the channel is at its end, and receive_message says so.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct message message;
    if (!receive_message(channel, &message)) _exit(1);

    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) refuse(channel, "create a signal descriptor", errno);

    int error = lab_mount(lab_mount_private, NULL, "/", NULL);
    if (error) refuse(channel, "make the mounts private", error);
    error = lab_mount(lab_mount_processes, NULL, "/proc", NULL);
    if (error) refuse(channel, "mount /proc", error);
    error = lab_interface_up("lo");
    if (error) refuse(channel, "bring the loopback interface up", error);

    int failures[2];
    if (pipe2(failures, O_CLOEXEC)) refuse(channel, "create a pipe", errno);
    pid_t program = fork();
    if (program < 0) refuse(channel, "create a process", errno);
    if (program == 0) run_program(failures[1], sweeper, mask, arguments);
    close(failures[1]);
    ssize_t count = read(failures[0], &error, sizeof error);
    if (count == sizeof error) refuse(channel, "run this program again (/proc/self/exe)", error);
    close(failures[0]);

    // Whoever reads the program's output waits for its end, not for ours.
    for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);
    prctl(PR_SET_NAME, "polygraph-world");
    if (!send_message(channel, message_entered, 0, NULL)) _exit(1);
    struct keeper keeper = {.channel = channel, .program = program};
    keep(&keeper, signals);
}

// The outer process

static int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Reports signals until the world has ended. The exit status of the program inside.
static int wait_for_world(int channel, int signals, pid_t keeper) {
    int result = -1;
    struct pollfd polled[2] = {{.fd = channel, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR) break;
        if (polled[1].revents) {
            struct signalfd_siginfo information;
            while (read(signals, &information, sizeof information) == sizeof information)
                send_message(channel, message_signal, (int32_t)information.ssi_signo, NULL);
        }
        if (polled[0].revents) {
            struct message message;
            if (!receive_message(channel, &message)) break;
            if (message.kind == message_ended) result = exit_status(message.value);
        }
    }
    // Returns after the last process of the world is gone.
    int status = 0;
    while (waitpid(keeper, &status, 0) < 0 && errno == EINTR) {}
    return result >= 0 ? result : exit_status(status);
}

static int fail(struct lab_failure *failure, const char *step, int error) {
    failure->error = error;
    strncpy(failure->step, step, sizeof failure->step - 1);
    return -1;
}

int lab_world_enter(bool new_user, char *const arguments[], struct lab_failure *failure) {
    memset(failure, 0, sizeof *failure);
    uid_t user = geteuid();
    gid_t group = getegid();
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel)) return fail(failure, "create a socket", errno);

    sigset_t mask, passed;
    sigemptyset(&passed);
    for (int i = 0; i < passed_count; i++) sigaddset(&passed, passed_signals[i]);
    sigprocmask(SIG_BLOCK, &passed, &mask);

    // Without a sweeper nothing but empty control groups may be left.
    pid_t sweeping = -1;
    int sweeper = lab_sweeper_start(&sweeping);

    long flags = SIGCHLD | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | (new_user ? CLONE_NEWUSER : 0);
    pid_t keeper = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (keeper == 0) {
        close(channel[0]);
        run_keeper(channel[1], sweeper, &mask, arguments);
    }
    int error = keeper < 0 ? errno : 0;
    close(channel[1]);
    const char *step = "create the namespaces";
    int signals = -1, result = -1;
    if (!error && new_user) {
        error = map_user(keeper, user, group);
        step = "map the user to root inside its namespace";
    }
    if (!error && (signals = signalfd(-1, &passed, SFD_CLOEXEC | SFD_NONBLOCK)) < 0) {
        error = errno;
        step = "create a signal descriptor";
    }
    struct message message = {0};
    if (!error) {
        send_message(channel[0], message_go, 0, NULL);
        if (!receive_message(channel[0], &message)) {
            error = ECHILD;
            step = "keep the first process of the namespaces";
        } else if (message.kind == message_failure) {
            error = message.value;
            step = message.step;
        }
    }
    if (error) {
        fail(failure, step, error);
        close(channel[0]);
        if (keeper > 0) {
            kill(keeper, SIGKILL);
            while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR) {}
        }
    } else {
        result = wait_for_world(channel[0], signals, keeper);
        close(channel[0]);
    }
    if (signals >= 0) close(signals);
    if (sweeper >= 0) {
        close(sweeper);
        while (waitpid(sweeping, NULL, 0) < 0 && errno == EINTR) {}
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return result;
}
