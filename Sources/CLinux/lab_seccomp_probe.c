#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab_seccomp.h"

enum { given_number = 200 };

/// What the child says of itself with its exit status: 0, or an errno.
static _Noreturn void run_child(int channel) {
    int listener = lab_supervision_begin(lab_supervise_writes);
    if (listener < 0) _exit(-listener);
    int error = lab_descriptor_send(channel, listener);
    if (error) _exit(error);
    close(listener);
    int file = open("/dev/null", O_WRONLY);
    if (file < 0) _exit(errno);
    _exit(file == given_number ? 0 : EPROTO);
}

/// Answers the child's open with a descriptor of this process. 0, or an errno.
static int supervise(int channel) {
    int listener = lab_descriptor_receive(channel);
    if (listener < 0) return -listener;
    struct pollfd polled = {.fd = listener, .events = POLLIN};
    struct lab_supervised_call call;
    int error = poll(&polled, 1, 5000) == 1 ? lab_supervision_receive(listener, &call) : ETIMEDOUT;
    if (!error && call.call != lab_call_open) error = EPROTO;
    if (!error) {
        // 2 is open in both, whatever it is.
        int own = lab_descriptor_take(call.thread, 2);
        if (own < 0) error = -own;
        else error = lab_supervision_answer_descriptor(listener, call.id, own, given_number, true);
        if (own >= 0) close(own);
    }
    close(listener);
    return error;
}

int lab_supervision_probe(void) {
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel)) return errno;
    pid_t child = fork();
    if (child == 0) {
        close(channel[0]);
        run_child(channel[1]);
    }
    int error = child < 0 ? errno : 0;
    close(channel[1]);
    if (child > 0) {
        int status, failure = supervise(channel[0]);
        if (failure) kill(child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        // What kept the child from beginning says more than that nothing came of it.
        error = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : failure;
    }
    close(channel[0]);
    return error;
}
