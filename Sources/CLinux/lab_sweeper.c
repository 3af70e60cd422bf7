#define _GNU_SOURCE
#include "lab_sweeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab_system.h"

/// How long a folder may refuse to be removed: the processes of a control group take a moment to vanish.
static const int attempts = 500, pause_microseconds = 10000;

static _Noreturn void sweep(int channel) {
    setsid();
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "polygraph-sweep");
    // Whoever reads the program's output waits for its end, not for ours.
    if (channel != 3) dup2(channel, 3);
    lab_close_from(4);
    for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);
    (void)!chdir("/");

    char *paths[1024];
    int count = 0;
    for (;;) {
        char path[4096];
        ssize_t length = recv(3, path, sizeof path - 1, 0);
        if (length < 0 && errno == EINTR) continue;
        if (length <= 0) break;
        path[length] = 0;
        if (count < 1024 && (paths[count] = strdup(path))) count++;
    }
    // The newest first: it may be inside an older one.
    while (count-- > 0) {
        for (int attempt = 0; attempt < attempts && rmdir(paths[count]) && errno == EBUSY; attempt++)
            usleep((useconds_t)pause_microseconds);
    }
    _exit(0);
}

int lab_sweeper_start(int *process) {
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel)) return -errno;
    pid_t child = fork();
    if (child == 0) {
        close(channel[0]);
        sweep(channel[1]);
    }
    int error = errno;
    close(channel[1]);
    if (child < 0) {
        close(channel[0]);
        return -error;
    }
    *process = child;
    return channel[0];
}
