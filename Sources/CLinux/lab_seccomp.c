#define _GNU_SOURCE
#include "lab_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define THIS_ARCHITECTURE 0
#endif

// Of newer kernels than a machine's headers may be.
#define FILTER_WAIT_KILLABLE (1UL << 5)
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

/// When a call is handed over.
enum gate {
    always,
    /// When argument `argument` is a supervised descriptor.
    on_descriptor,
    /// When argument `argument` is a supervised descriptor, and not one that is only appended to.
    on_written_descriptor,
    /// When argument `argument` has flags that let write.
    on_write_flags,
    /// mmap: shared, writable, of a supervised descriptor.
    on_shared_map,
    /// fcntl: a duplicate of a supervised descriptor, or other flags for it.
    on_control,
};

struct supervised {
    int number;
    enum lab_call call;
    enum lab_supervision from;
    enum gate gate;
    int argument;
};

static const struct supervised supervised_calls[] = {
    {SYS_fsync, lab_call_fsync, lab_supervise_syncs, always, 0},
    {SYS_fdatasync, lab_call_fdatasync, lab_supervise_syncs, always, 0},
    {SYS_syncfs, lab_call_syncfs, lab_supervise_syncs, always, 0},
    {SYS_sync, lab_call_sync, lab_supervise_syncs, always, 0},
    {SYS_msync, lab_call_msync, lab_supervise_syncs, always, 0},
    {SYS_write, lab_call_write, lab_supervise_changes, on_written_descriptor, 0},
    {SYS_writev, lab_call_writev, lab_supervise_changes, on_written_descriptor, 0},
    {SYS_pwrite64, lab_call_pwrite, lab_supervise_changes, on_descriptor, 0},
    {SYS_pwritev, lab_call_pwritev, lab_supervise_changes, on_descriptor, 0},
    {SYS_pwritev2, lab_call_pwritev, lab_supervise_changes, on_descriptor, 0},
    {SYS_ftruncate, lab_call_ftruncate, lab_supervise_changes, on_descriptor, 0},
    {SYS_fallocate, lab_call_fallocate, lab_supervise_changes, on_descriptor, 0},
    {SYS_sendfile, lab_call_copy, lab_supervise_changes, on_descriptor, 0},
    {SYS_copy_file_range, lab_call_copy, lab_supervise_changes, on_descriptor, 2},
    {SYS_splice, lab_call_copy, lab_supervise_changes, on_descriptor, 2},
    {SYS_dup, lab_call_duplicate, lab_supervise_changes, on_descriptor, 0},
    {SYS_fcntl, lab_call_control, lab_supervise_changes, on_control, 0},
    {SYS_dup3, lab_call_duplicate_to, lab_supervise_changes, on_descriptor, 0},
    {SYS_mmap, lab_call_map, lab_supervise_changes, on_shared_map, 0},
    {SYS_openat, lab_call_open, lab_supervise_changes, on_write_flags, 2},
    {SYS_openat2, lab_call_open, lab_supervise_changes, always, 0},
    {SYS_renameat, lab_call_rename, lab_supervise_changes, always, 0},
    {SYS_renameat2, lab_call_rename, lab_supervise_changes, always, 0},
    {SYS_unlinkat, lab_call_unlink, lab_supervise_changes, always, 0},
    {SYS_mkdirat, lab_call_mkdir, lab_supervise_changes, always, 0},
    {SYS_truncate, lab_call_truncate, lab_supervise_changes, always, 0},
    {SYS_io_uring_setup, lab_call_asynchronous, lab_supervise_changes, always, 0},
    {SYS_io_setup, lab_call_asynchronous, lab_supervise_changes, always, 0},
    {SYS_read, lab_call_read, lab_supervise_reads, on_descriptor, 0},
    {SYS_readv, lab_call_readv, lab_supervise_reads, on_descriptor, 0},
    {SYS_pread64, lab_call_pread, lab_supervise_reads, on_descriptor, 0},
    {SYS_preadv, lab_call_preadv, lab_supervise_reads, on_descriptor, 0},
    {SYS_preadv2, lab_call_preadv, lab_supervise_reads, on_descriptor, 0},
#if defined(__x86_64__)
    {SYS_open, lab_call_open, lab_supervise_changes, on_write_flags, 1},
    {SYS_creat, lab_call_open, lab_supervise_changes, always, 0},
    {SYS_rename, lab_call_rename, lab_supervise_changes, always, 0},
    {SYS_unlink, lab_call_unlink, lab_supervise_changes, always, 0},
    {SYS_rmdir, lab_call_rmdir, lab_supervise_changes, always, 0},
    {SYS_mkdir, lab_call_mkdir, lab_supervise_changes, always, 0},
    {SYS_dup2, lab_call_duplicate_to, lab_supervise_changes, on_descriptor, 0},
#endif
};
enum { supervised_count = sizeof supervised_calls / sizeof *supervised_calls };

struct lab_descriptor_numbers lab_supervised_descriptors(pid_t process) {
    struct rlimit room = {.rlim_cur = 1024};
    prlimit(process, RLIMIT_NOFILE, NULL, &room);
    // The kernel's table of descriptors is as long as the highest number needs: no more than half a megabyte.
    unsigned end = room.rlim_cur > 65536 ? 65536 : (unsigned)room.rlim_cur;
    return (struct lab_descriptor_numbers){.first = end - end / 4, .first_written = end - end / 8, .end = end};
}

static uint32_t argument_offset(int argument) {
    // The lower half; both architectures have it first.
    return (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
}

/// Appends the test for one call: it ends in an answer, or goes on with the call's number loaded again.
static size_t append(
    struct sock_filter *code, const struct supervised *it, enum lab_supervision level,
    struct lab_descriptor_numbers numbers) {
    unsigned first = numbers.first;
    const struct sock_filter hand_over = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    enum gate gate = it->gate;
    if (gate == on_write_flags && level >= lab_supervise_reads) gate = always;
    struct sock_filter body[12];
    uint8_t n = 0;
    switch (gate) {
        case always:
            body[n++] = hand_over;
            break;
        case on_written_descriptor:
            if (level < lab_supervise_writes) first = numbers.first_written;
            // fallthrough
        case on_descriptor:
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(it->argument));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000, 1, 0);
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 1, 0);
            body[n++] = allow;
            body[n++] = hand_over;
            break;
        case on_write_flags:
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(it->argument));
            body[n++] =
                (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 1, 0);
            body[n++] = allow;
            body[n++] = hand_over;
            break;
        case on_shared_map:
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(2));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 5);
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(3));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 0, 3);
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(4));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000, 1, 0);
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 1, 0);
            body[n++] = allow;
            body[n++] = hand_over;
            break;
        case on_control:
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(0));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 4);
            body[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument_offset(1));
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD, 3, 0);
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_DUPFD_CLOEXEC, 2, 0);
            body[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETFL, 1, 0);
            body[n++] = allow;
            body[n++] = hand_over;
            break;
    }
    code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)it->number, 0, n);
    memcpy(code + 1, body, n * sizeof *body);
    return (size_t)n + 1;
}

int lab_supervision_begin(enum lab_supervision supervision) {
    if (THIS_ARCHITECTURE == 0) return -ENOSYS;
    struct lab_descriptor_numbers numbers = lab_supervised_descriptors(0);
    struct sock_filter code[supervised_count * 12 + 8];
    size_t length = 0;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < supervised_count; i++)
        if (supervised_calls[i].from <= supervision)
            length += append(code + length, supervised_calls + i, supervision, numbers);
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = (unsigned short)length, .filter = code};

    // With power over its user namespace a process may set filters up and keep set-user-id programs; else not both.
    for (int attempt = 0; attempt < 4; attempt++) {
        if (attempt == 2 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -errno;
        // A signal must not interrupt a call that the supervisor is at work on.
        unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | (attempt % 2 == 0 ? FILTER_WAIT_KILLABLE : 0);
        int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
        if (listener >= 0) return listener;
        if (errno != EINVAL && errno != EACCES) return -errno;
    }
    return -errno;
}

/// Gives the variants of a call the same arguments.
static void normalise(struct lab_supervised_call *call, int number) {
    uint64_t *a = call->arguments;
    const uint64_t here = (uint64_t)(int64_t)AT_FDCWD;
    switch (number) {
        case SYS_openat2:
            call->extended = true;
            break;
        case SYS_renameat:
            a[4] = 0;
            break;
        case SYS_unlinkat:
            if (a[2] & AT_REMOVEDIR) call->call = lab_call_rmdir;
            break;
        case SYS_copy_file_range:
        case SYS_splice:
            a[0] = a[2];
            break;
        case SYS_dup:
            a[1] = F_DUPFD;
            break;
        case SYS_fcntl:
            if (a[1] != F_SETFL) call->call = lab_call_duplicate;
            break;
#if defined(__x86_64__)
        case SYS_open:
            a[3] = a[2], a[2] = a[1], a[1] = a[0], a[0] = here;
            break;
        case SYS_creat:
            a[3] = a[1], a[2] = O_CREAT | O_WRONLY | O_TRUNC, a[1] = a[0], a[0] = here;
            break;
        case SYS_rename:
            a[3] = a[1], a[1] = a[0], a[0] = here, a[2] = here, a[4] = 0;
            break;
        case SYS_unlink:
        case SYS_rmdir:
        case SYS_mkdir:
            a[2] = a[1], a[1] = a[0], a[0] = here;
            break;
#endif
        default:
            break;
    }
}

int lab_supervision_receive(int listener, struct lab_supervised_call *call) {
    struct pollfd polled = {.fd = listener, .events = POLLIN};
    if (poll(&polled, 1, 0) <= 0 || !(polled.revents & POLLIN)) return polled.revents & POLLHUP ? ESRCH : EAGAIN;
    struct seccomp_notif notification;
    memset(&notification, 0, sizeof notification);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification)) return errno;
    memset(call, 0, sizeof *call);
    call->id = notification.id;
    call->thread = (pid_t)notification.pid;
    memcpy(call->arguments, notification.data.args, sizeof call->arguments);
    for (size_t i = 0; i < supervised_count; i++)
        if (supervised_calls[i].number == notification.data.nr) call->call = supervised_calls[i].call;
    normalise(call, notification.data.nr);
    return 0;
}

static int respond(int listener, struct seccomp_notif_resp *response) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response) == 0 ? 0 : errno;
}

int lab_supervision_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return respond(listener, &response);
}

int lab_supervision_answer(int listener, uint64_t id, int64_t result, int error) {
    struct seccomp_notif_resp response = {.id = id, .val = error ? 0 : result, .error = -error};
    return respond(listener, &response);
}

int lab_supervision_answer_descriptor(
    int listener, uint64_t id, int descriptor, int number, bool close_on_execution) {
    struct seccomp_notif_addfd addition = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .srcfd = (uint32_t)descriptor,
        .newfd = (uint32_t)number,
        .newfd_flags = close_on_execution ? O_CLOEXEC : 0,
    };
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addition) < 0) return errno;
    return lab_supervision_answer(listener, id, number, 0);
}

bool lab_supervision_waits(int listener, uint64_t id) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool lab_thread_may_write(pid_t thread) {
    long number = lab_thread_call_number(thread);
    if (number < 0) return number == lab_thread_runs;
    for (size_t i = 0; i < supervised_count; i++)
        if (supervised_calls[i].number == number) return true;
    return false;
}
