// Process 1 of a node's PID namespace: it starts the program and reaps what is left to it. When it is killed, the
// kernel ends every process of the node, whatever session or parent they chose.

#define _GNU_SOURCE
#include "lab_node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab_system.h"

/// What goes over the channel: first a greeting of the program's process (the kernel adds its number) with the
/// descriptor on which its supervised calls arrive, or -1; later the wait status of the program.
struct report {
    int32_t status;
};

static int fail(struct lab_failure *failure, const char *step, int error) {
    memset(failure, 0, sizeof *failure);
    failure->error = error;
    strncpy(failure->step, step, sizeof failure->step - 1);
    return -1;
}

static _Noreturn void refuse(int failures, const char *step, int error) {
    struct lab_failure failure;
    fail(&failure, step, error);
    (void)!write(failures, &failure, sizeof failure);
    _exit(127);
}

/// Every signal to its default, none blocked: a program inherits ignored ones otherwise.
static void reset_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < _NSIG; signal++) sigaction(signal, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_program(const struct lab_launch *launch, int channel, int gate, int failures) {
    setsid();
    umask(022);
    int input = open("/dev/null", O_RDONLY);
    if (input < 0) refuse(failures, "open /dev/null", errno);
    // The descriptors may be 0, 1 or 2 themselves: lift them out of the way first.
    int output = fcntl(launch->output, F_DUPFD_CLOEXEC, 10), errors = fcntl(launch->errors, F_DUPFD_CLOEXEC, 10);
    if (output < 0 || errors < 0) refuse(failures, "open the logs", errno);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) refuse(failures, "open the logs", errno);
    if (input > 2) close(input);
    if (chdir(launch->directory)) refuse(failures, "enter the data directory", errno);

    // Whatever else was inherited ends with the execution.
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    struct report greeting = {.status = -1};
    if (launch->supervision != lab_supervise_nothing) {
        greeting.status = lab_supervision_begin(launch->supervision);
        if (greeting.status < 0 && !launch->supervision_is_optional) refuse(failures, "supervise system calls", -greeting.status);
    }
    if (send(channel, &greeting, sizeof greeting, MSG_NOSIGNAL) < 0) _exit(127);
    char byte;
    if (read(gate, &byte, 1) != 1) _exit(127);
    reset_signals();
    execve(launch->program, launch->arguments, launch->environment);
    refuse(failures, "execute", errno);
}

static _Noreturn void run_keeper(const struct lab_launch *launch, int channel, int gate, int failures) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "polygraph-node");
    // Process 1 gets no signal that it has no handler for; this keeps an inherited handler from running.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    // The parent may have died before prctl: then the other end of the channel is closed.
    struct pollfd polled = {.fd = channel, .events = POLLIN};
    if (poll(&polled, 1, 0) > 0 && (polled.revents & POLLHUP)) _exit(1);

    int error = lab_mount(lab_mount_private, NULL, "/", NULL);
    if (error) refuse(failures, "make the mounts private", error);
    error = lab_mount(lab_mount_processes, NULL, "/proc", NULL);
    if (error) refuse(failures, "mount /proc", error);
    pid_t program = fork();
    if (program < 0) refuse(failures, "create a process", errno);
    if (program == 0) run_program(launch, channel, gate, failures);
    // Now the pipe ends when the program is executed.
    dup2(channel, 3);
    lab_close_from(4);
    channel = 3;
    for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);

    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, 0);
        if (ended < 0 && errno == EINTR) continue;
        // Nobody is left.
        if (ended < 0) _exit(0);
        if (ended != program) continue;
        struct report report = {.status = status};
        send(channel, &report, sizeof report, MSG_NOSIGNAL);
    }
}

/// Waits for the greeting, and takes the sender's number and its listener from it. 0 at the end of the channel.
static pid_t receive_greeting(int channel, int *listener) {
    struct report greeting;
    union {
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {.iov_base = &greeting, .iov_len = sizeof greeting};
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do count = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count != sizeof greeting) return 0;
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    if (!first || first->cmsg_type != SCM_CREDENTIALS) return 0;
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(first), sizeof sender);
    *listener = greeting.status;
    return sender.pid;
}

static void close_pair(const int pair[2]) {
    close(pair[0]);
    close(pair[1]);
}

int lab_node_create(const struct lab_launch *launch, struct lab_node *node, struct lab_failure *failure) {
    int channel[2], gate[2], failures[2], on = 1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel)) return fail(failure, "create a socket", errno);
    if (pipe2(gate, O_CLOEXEC)) {
        int error = errno;
        close_pair(channel);
        return fail(failure, "create a pipe", error);
    }
    if (pipe2(failures, O_CLOEXEC)) {
        int error = errno;
        close_pair(channel);
        close_pair(gate);
        return fail(failure, "create a pipe", error);
    }
    setsockopt(channel[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);

    pid_t keeper = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWPID | CLONE_NEWNS, NULL, NULL, NULL, NULL);
    int error = errno;
    if (keeper == 0) {
        close(channel[0]);
        close(gate[1]);
        close(failures[0]);
        run_keeper(launch, channel[1], gate[0], failures[1]);
    }
    close(channel[1]);
    close(gate[0]);
    close(failures[1]);
    *node = (struct lab_node){
        .keeper = keeper, .channel = channel[0], .gate = gate[1], .failures = failures[0]};
    if (keeper < 0) {
        lab_node_close(node);
        return fail(failure, "create a PID namespace", error);
    }
    node->program = receive_greeting(channel[0], &node->listener);
    if (node->program > 0) return 0;

    if (lab_node_wait_started(node, failure) == 0) fail(failure, "keep the node's first process", ECHILD);
    kill(keeper, SIGKILL);
    while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR) {}
    lab_node_close(node);
    return -1;
}

void lab_node_release(struct lab_node *node) {
    (void)!write(node->gate, "", 1);
}

int lab_node_wait_started(struct lab_node *node, struct lab_failure *failure) {
    for (;;) {
        ssize_t count = read(node->failures, failure, sizeof *failure);
        if (count < 0 && errno == EINTR) continue;
        return count == sizeof *failure ? -1 : 0;
    }
}

int lab_node_read_ended(struct lab_node *node, int *status) {
    struct report report;
    ssize_t count = recv(node->channel, &report, sizeof report, MSG_DONTWAIT);
    if (count == sizeof report) {
        *status = report.status;
        return 1;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

void lab_node_close(struct lab_node *node) {
    close(node->channel);
    close(node->gate);
    close(node->failures);
    node->channel = node->gate = node->failures = -1;
}
