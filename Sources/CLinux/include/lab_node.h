#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab_seccomp.h"
#include "lab_world.h"

/// A program that a node runs. Strings and descriptors belong to the caller.
struct lab_launch {
    /// The file, absolute.
    const char *program;
    char *const *arguments;
    char *const *environment;
    /// Where it starts.
    const char *directory;
    /// What becomes its standard output and error.
    int output;
    int errors;
    /// Which of its system calls are handed over.
    enum lab_supervision supervision;
    /// Whether the program runs without where the kernel does not offer it.
    bool supervision_is_optional;
};

/// A node's processes: process 1 of their PID namespace, and the way to hear of them.
struct lab_node {
    /// Process 1, as the caller numbers it.
    pid_t keeper;
    /// The program, as the caller numbers it.
    pid_t program;
    /// Where the program's supervised calls arrive: a descriptor of the program's process, until it executes the
    /// program; -1 where nothing is supervised.
    int listener;
    /// Messages of process 1.
    int channel;
    /// Released by `lab_node_release`.
    int gate;
    /// At its end when the program runs; holds a `lab_failure` when it does not.
    int failures;
};

/// Creates process 1 in new PID and mount namespaces, and the program's process, which waits before it executes the
/// program. The caller must have one thread only. 0, or -1 with `failure` filled in and nothing left.
int lab_node_create(const struct lab_launch *launch, struct lab_node *node, struct lab_failure *failure);
/// Lets the program's process execute the program; needs no answer.
void lab_node_release(struct lab_node *node);
/// Waits until the program runs. 0, or -1 with `failure` filled in.
int lab_node_wait_started(struct lab_node *node, struct lab_failure *failure);
/// Whether process 1 has said how the program ended. 1 with `status` (as of waitpid), 0 if not, -1 at the end.
int lab_node_read_ended(struct lab_node *node, int *status);
/// Closes the descriptors.
void lab_node_close(struct lab_node *node);
