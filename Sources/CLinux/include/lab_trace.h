#pragma once

// ptrace, and the registers of the two architectures whose clocks can be bent.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if defined(__x86_64__)
#include <sys/user.h>
#define LAB_CLOCKS_SUPPORTED 1
typedef struct user_regs_struct lab_machine_registers;
#elif defined(__aarch64__)
#include <sys/user.h>
#define LAB_CLOCKS_SUPPORTED 1
typedef struct user_regs_struct lab_machine_registers;
#else
#define LAB_CLOCKS_SUPPORTED 0
typedef struct { uint64_t none; } lab_machine_registers;
#endif

/// What a stopped thread will do next.
struct lab_registers {
    lab_machine_registers machine;
    /// The number of the system call that the stop has interrupted, or -1.
    int32_t system_call;
};

/// How a traced thread has answered.
enum lab_trace_state {
    /// Nothing yet.
    lab_trace_running,
    /// Stopped; `signal` is the one that is about to be delivered, 0 for a stop of our own.
    lab_trace_stopped,
    /// Stopped after it has executed a new program.
    lab_trace_executed,
    /// Ended.
    lab_trace_gone,
};

/// Begins to trace a thread, without stopping it; with `executions`, its next execution of a program is reported.
/// 0, or an errno.
int lab_trace_seize(pid_t thread, bool executions);
/// Asks for a stop. 0, or an errno.
int lab_trace_interrupt(pid_t thread);
/// What the thread has to say; waits for it where `wait` is set.
enum lab_trace_state lab_trace_poll(pid_t thread, bool wait, int *signal);
/// Lets a stopped thread go on, and delivers `signal` if that is not 0.
int lab_trace_continue(pid_t thread, int signal);
int lab_trace_step(pid_t thread);
/// Ends the tracing of a stopped thread, which goes on and is delivered `signal` if that is not 0.
int lab_trace_detach(pid_t thread, int signal);

int lab_trace_get_registers(pid_t thread, struct lab_registers *registers);
int lab_trace_set_registers(pid_t thread, const struct lab_registers *registers);
/// Floating-point and vector registers. `size` in: the room, out: what was used.
int lab_trace_get_vectors(pid_t thread, void *buffer, size_t *size);
int lab_trace_set_vectors(pid_t thread, const void *buffer, size_t size);
int lab_trace_get_signal_mask(pid_t thread, uint64_t *mask);
int lab_trace_set_signal_mask(pid_t thread, uint64_t mask);
/// Every signal but the one that a breakpoint raises.
uint64_t lab_trace_quiet_mask(void);
/// The address of the thread's rseq area; 0 where it has none or the kernel does not say.
uint64_t lab_trace_rseq_area(pid_t thread);
/// Writes 8 bytes with PTRACE_POKEDATA, for kernels that keep /proc/PID/mem from writing to code. 0, or an errno.
int lab_trace_poke(pid_t thread, uint64_t address, uint64_t word);

uint64_t lab_registers_counter(const struct lab_registers *registers);
uint64_t lab_registers_result(const struct lab_registers *registers);
/// Lets the thread make system call `number` at `gate`, an instruction that makes it.
void lab_registers_prepare_system_call(
    struct lab_registers *registers, uint64_t gate, int64_t number, const uint64_t arguments[6]);
/// Lets the thread call `function(first, second)` on the given stack, through `gate` (`measure` in the clock stub).
void lab_registers_prepare_call(
    struct lab_registers *registers, uint64_t gate, uint64_t function, uint64_t stack, uint64_t first, uint64_t second);
/// The few system calls that the kernel ends with EINTR after any stop, epoll_wait above all, would let the program
/// see that it was stopped. Makes the kernel begin them again instead.
/// - Returns: whether `registers` were changed.
bool lab_registers_hide_interruption(struct lab_registers *registers);

extern const int64_t lab_number_map_memory, lab_number_unmap_memory;
