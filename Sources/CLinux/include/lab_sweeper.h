#pragma once

/// The variable that tells the program inside a world which descriptor leads to the sweeper.
#define LAB_SWEEPER_VARIABLE "POLYGRAPH_SWEEPER"

/// Starts a process outside of the world, in a session of its own, that removes the empty folders whose paths are sent
/// over the returned socket, one path in a message, when the last holder of the socket is gone: however everybody
/// ends, control groups do not stay behind. Must be called before there is a second thread.
/// - Parameter process: gets its number.
/// - Returns: a socket that ends with the execution of a program, or -errno.
int lab_sweeper_start(int *process);
