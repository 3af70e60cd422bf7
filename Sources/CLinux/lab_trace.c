#define _GNU_SOURCE
#include "lab_trace.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif
/// Of kernel 5.13.
#define PTRACE_GET_RSEQ_CONFIGURATION_ 0x420f

const int64_t lab_number_map_memory = SYS_mmap, lab_number_unmap_memory = SYS_munmap;

static int outcome(long result) {
    return result >= 0 ? 0 : errno;
}

int lab_trace_seize(pid_t thread, bool executions) {
    return outcome(ptrace(PTRACE_SEIZE, thread, NULL, executions ? (void *)PTRACE_O_TRACEEXEC : NULL));
}

int lab_trace_interrupt(pid_t thread) {
    return outcome(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL));
}

enum lab_trace_state lab_trace_poll(pid_t thread, bool wait, int *signal) {
    int status;
    pid_t answer;
    do answer = waitpid(thread, &status, __WALL | (wait ? 0 : WNOHANG));
    while (answer < 0 && errno == EINTR);
    *signal = 0;
    if (answer == 0) return lab_trace_running;
    if (answer < 0 || !WIFSTOPPED(status)) return lab_trace_gone;
    int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) return lab_trace_executed;
    if (event == 0) *signal = WSTOPSIG(status);
    return lab_trace_stopped;
}

int lab_trace_continue(pid_t thread, int signal) {
    return outcome(ptrace(PTRACE_CONT, thread, NULL, (void *)(long)signal));
}

int lab_trace_step(pid_t thread) {
    return outcome(ptrace(PTRACE_SINGLESTEP, thread, NULL, NULL));
}

int lab_trace_detach(pid_t thread, int signal) {
    return outcome(ptrace(PTRACE_DETACH, thread, NULL, (void *)(long)signal));
}

static int get_set(pid_t thread, int set, void *buffer, size_t *size) {
    struct iovec vector = {.iov_base = buffer, .iov_len = *size};
    int error = outcome(ptrace(PTRACE_GETREGSET, thread, (void *)(long)set, &vector));
    *size = vector.iov_len;
    return error;
}

static int put_set(pid_t thread, int set, const void *buffer, size_t size) {
    struct iovec vector = {.iov_base = (void *)buffer, .iov_len = size};
    return outcome(ptrace(PTRACE_SETREGSET, thread, (void *)(long)set, &vector));
}

int lab_trace_get_registers(pid_t thread, struct lab_registers *registers) {
    size_t size = sizeof registers->machine;
    int error = get_set(thread, NT_PRSTATUS, &registers->machine, &size);
    if (error) return error;
    registers->system_call = -1;
#if defined(__x86_64__)
    registers->system_call = (int32_t)registers->machine.orig_rax;
#elif defined(__aarch64__)
    size = sizeof registers->system_call;
    error = get_set(thread, NT_ARM_SYSTEM_CALL, &registers->system_call, &size);
#endif
    return error;
}

int lab_trace_set_registers(pid_t thread, const struct lab_registers *registers) {
    int error = put_set(thread, NT_PRSTATUS, &registers->machine, sizeof registers->machine);
#if defined(__aarch64__)
    if (!error) error = put_set(thread, NT_ARM_SYSTEM_CALL, &registers->system_call, sizeof registers->system_call);
#endif
    return error;
}

#if defined(__x86_64__)
enum { vector_set = NT_X86_XSTATE };
#else
enum { vector_set = NT_PRFPREG };
#endif

int lab_trace_get_vectors(pid_t thread, void *buffer, size_t *size) {
    return get_set(thread, vector_set, buffer, size);
}

int lab_trace_set_vectors(pid_t thread, const void *buffer, size_t size) {
    return put_set(thread, vector_set, buffer, size);
}

int lab_trace_get_signal_mask(pid_t thread, uint64_t *mask) {
    return outcome(ptrace(PTRACE_GETSIGMASK, thread, (void *)sizeof *mask, mask));
}

int lab_trace_set_signal_mask(pid_t thread, uint64_t mask) {
    return outcome(ptrace(PTRACE_SETSIGMASK, thread, (void *)sizeof mask, &mask));
}

uint64_t lab_trace_quiet_mask(void) {
    // A blocked SIGTRAP would make the kernel reset the program's own handler for it.
    return ~(UINT64_C(1) << (SIGTRAP - 1));
}

uint64_t lab_trace_rseq_area(pid_t thread) {
    struct {
        uint64_t area;
        uint32_t size, signature, flags, padding;
    } configuration = {0};
    long result = ptrace(PTRACE_GET_RSEQ_CONFIGURATION_, thread, (void *)sizeof configuration, &configuration);
    return result < 0 ? 0 : configuration.area;
}

int lab_trace_poke(pid_t thread, uint64_t address, uint64_t word) {
    return outcome(ptrace(PTRACE_POKEDATA, thread, (void *)address, (void *)word));
}

#if defined(__x86_64__)

uint64_t lab_registers_counter(const struct lab_registers *registers) {
    return registers->machine.rip;
}

uint64_t lab_registers_result(const struct lab_registers *registers) {
    return registers->machine.rax;
}

/// Keeps the kernel from taking the new registers for those of an interrupted system call.
static void forget_system_call(struct lab_registers *registers) {
    registers->machine.orig_rax = ~UINT64_C(0);
    registers->system_call = -1;
}

void lab_registers_prepare_system_call(
    struct lab_registers *registers, uint64_t gate, int64_t number, const uint64_t arguments[6]) {
    forget_system_call(registers);
    registers->machine.rip = gate;
    registers->machine.rax = (uint64_t)number;
    registers->machine.rdi = arguments[0];
    registers->machine.rsi = arguments[1];
    registers->machine.rdx = arguments[2];
    registers->machine.r10 = arguments[3];
    registers->machine.r8 = arguments[4];
    registers->machine.r9 = arguments[5];
}

void lab_registers_prepare_call(
    struct lab_registers *registers, uint64_t gate, uint64_t function, uint64_t stack, uint64_t first,
    uint64_t second) {
    forget_system_call(registers);
    registers->machine.rip = gate;
    registers->machine.rax = function;
    registers->machine.rsp = stack;
    registers->machine.rdi = first;
    registers->machine.rsi = second;
    // The direction flag must be clear, and a single step must not be under way.
    registers->machine.eflags &= ~UINT64_C(0x500);
}

bool lab_registers_hide_interruption(struct lab_registers *registers) {
    // ERESTARTNOHAND: begin again unless a handler runs. The kernel keeps it to itself, so no header names it.
    const int64_t restart = -514;
    if ((int64_t)registers->machine.rax != -EINTR) return false;
    switch (registers->system_call) {
        case SYS_epoll_wait:
        case SYS_epoll_pwait:
#ifdef SYS_epoll_pwait2
        case SYS_epoll_pwait2:
#endif
        case SYS_semop:
        case SYS_semtimedop:
        case SYS_rt_sigtimedwait:
        case SYS_io_getevents:
            registers->machine.rax = (uint64_t)restart;
            return true;
        default:
            return false;
    }
}

#elif defined(__aarch64__)

uint64_t lab_registers_counter(const struct lab_registers *registers) {
    return registers->machine.pc;
}

uint64_t lab_registers_result(const struct lab_registers *registers) {
    return registers->machine.regs[0];
}

void lab_registers_prepare_system_call(
    struct lab_registers *registers, uint64_t gate, int64_t number, const uint64_t arguments[6]) {
    registers->system_call = -1;
    registers->machine.pc = gate;
    registers->machine.regs[8] = (uint64_t)number;
    for (int i = 0; i < 6; i++) registers->machine.regs[i] = arguments[i];
}

void lab_registers_prepare_call(
    struct lab_registers *registers, uint64_t gate, uint64_t function, uint64_t stack, uint64_t first,
    uint64_t second) {
    registers->system_call = -1;
    registers->machine.pc = gate;
    registers->machine.regs[16] = function;
    registers->machine.sp = stack;
    registers->machine.regs[0] = first;
    registers->machine.regs[1] = second;
}

bool lab_registers_hide_interruption(struct lab_registers *registers) {
    // The kernel has overwritten the first argument by now: the call cannot be begun again.
    (void)registers;
    return false;
}

#else

uint64_t lab_registers_counter(const struct lab_registers *registers) { (void)registers; return 0; }
uint64_t lab_registers_result(const struct lab_registers *registers) { (void)registers; return 0; }
void lab_registers_prepare_system_call(
    struct lab_registers *registers, uint64_t gate, int64_t number, const uint64_t arguments[6]) {
    (void)registers, (void)gate, (void)number, (void)arguments;
}
void lab_registers_prepare_call(
    struct lab_registers *registers, uint64_t gate, uint64_t function, uint64_t stack, uint64_t first,
    uint64_t second) {
    (void)registers, (void)gate, (void)function, (void)stack, (void)first, (void)second;
}
bool lab_registers_hide_interruption(struct lab_registers *registers) { (void)registers; return false; }

#endif
