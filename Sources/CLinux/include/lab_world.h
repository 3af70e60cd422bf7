#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// Which step failed, and the errno.
struct lab_failure {
    int32_t error;
    char step[60];
};

/// The variable that tells a program that it runs inside: the PID namespace and the process number of the controller,
/// so that a copy of the variable in another process or in a nested world says nothing.
#define LAB_WORLD_VARIABLE "POLYGRAPH_WORLD"

/// Runs this program again (`/proc/self/exe` with `arguments`) in new mount, network and PID namespaces, and in a new
/// user namespace where `new_user` is set, and waits until it has ended. Signals that are sent to this process reach
/// the program inside exactly once. Must be called before there is a second thread.
/// - Returns: the exit status (128 + the signal that ended it), or -1 with `failure` filled in.
int lab_world_enter(bool new_user, char *const arguments[], struct lab_failure *failure);

/// Writes the value that `LAB_WORLD_VARIABLE` must have in this process to say that it is inside.
void lab_world_mark(char *buffer, size_t size);
