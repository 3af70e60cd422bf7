#pragma once

// Supervision of system calls: a seccomp filter hands chosen calls of a program to a supervisor, which answers them
// itself or lets the kernel go on (seccomp_unotify(2); kernel 5.9, best from 5.19 on).

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// What the filter hands over.
enum lab_supervision {
    lab_supervise_nothing = 0,
    /// Calls that bring data to the disk: fsync, fdatasync, syncfs, sync, msync.
    lab_supervise_syncs = 1,
    /// Also opening for writing, changes of names, and whatever changes files through descriptors from
    /// `first` of `lab_supervised_descriptors` on, but for `write` and `writev` on those below `first_written`.
    lab_supervise_changes = 2,
    /// Also those: all descriptors are alike.
    lab_supervise_writes = 3,
    /// Also opening for reading, and reads on those descriptors.
    lab_supervise_reads = 4,
};

/// Calls, whatever their variants and numbers on this machine.
enum lab_call {
    lab_call_other,
    lab_call_open,
    lab_call_write,
    lab_call_writev,
    lab_call_pwrite,
    lab_call_pwritev,
    lab_call_read,
    lab_call_readv,
    lab_call_pread,
    lab_call_preadv,
    lab_call_fsync,
    lab_call_fdatasync,
    lab_call_syncfs,
    lab_call_sync,
    lab_call_msync,
    lab_call_ftruncate,
    lab_call_truncate,
    lab_call_fallocate,
    lab_call_rename,
    lab_call_unlink,
    lab_call_mkdir,
    lab_call_rmdir,
    lab_call_duplicate,
    /// fcntl: other flags.
    lab_call_control,
    lab_call_duplicate_to,
    lab_call_map,
    lab_call_copy,
    lab_call_asynchronous,
};

/// A call that waits for an answer. Arguments that a variant lacks are filled in: an `open` has a folder descriptor, a
/// `rename` has two.
struct lab_supervised_call {
    uint64_t id;
    enum lab_call call;
    /// The thread that makes it, as this process numbers threads.
    pid_t thread;
    /// open: folder, path, flags, mode (openat2: flags and mode are not there yet, `extended` is set).
    /// rename: folder, path, folder, path, flags. unlink, rmdir, mkdir: folder, path, mode. truncate: path, length.
    /// Those on descriptors, fcntl among them: as in their manual pages; positions of pwritev and preadv in argument 3.
    uint64_t arguments[6];
    /// Argument 2 of an openat2: the address of its `struct open_how`.
    bool extended;
};

/// The numbers of supervised descriptors.
struct lab_descriptor_numbers {
    unsigned first;
    /// From here on `write` and `writev` are handed over at every level that hands over changes.
    unsigned first_written;
    /// Of the last one + 1.
    unsigned end;
};
/// Given the limit of descriptors of a process (0: this one).
struct lab_descriptor_numbers lab_supervised_descriptors(pid_t process);
/// Sets the filter up for this process and all that it will create and execute.
/// - Returns: the descriptor on which the calls arrive, close-on-exec, or -errno.
int lab_supervision_begin(enum lab_supervision supervision);
/// Takes the next call. 0, or an errno: ENOENT when its thread has gone meanwhile, EAGAIN when there is none.
int lab_supervision_receive(int listener, struct lab_supervised_call *call);
/// Lets the kernel carry the call out. 0, or an errno.
int lab_supervision_continue(int listener, uint64_t id);
/// Answers a call: `result`, or a positive `error`. 0, or an errno.
int lab_supervision_answer(int listener, uint64_t id, int64_t result, int error);
/// Gives the thread a copy of `descriptor` under `number`, and answers its call with that. 0, or an errno.
int lab_supervision_answer_descriptor(int listener, uint64_t id, int descriptor, int number, bool close_on_execution);
/// Whether the thread still waits for the answer.
bool lab_supervision_waits(int listener, uint64_t id);

/// Supervises a short-lived process. The caller must have one thread only. 0, or an errno.
int lab_supervision_probe(void);

/// A file behind a descriptor of another process.
struct lab_file_identity {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    uint32_t mode;
};

/// 0, or an errno.
int lab_descriptor_identity(pid_t thread, int descriptor, struct lab_file_identity *identity);
/// Position and flags of a descriptor of another process. 0, or an errno.
int lab_descriptor_position(pid_t thread, int descriptor, uint64_t *position, int *flags);
/// Who a thread is.
struct lab_thread_status {
    pid_t process;
    uid_t user;
    gid_t group;
    mode_t mask;
};
/// 0, or an errno.
int lab_thread_read_status(pid_t thread, struct lab_thread_status *status);
enum { lab_thread_runs = -1, lab_thread_is_gone = -2 };
/// The number of the call that a thread sleeps in, or one of these; `lab_thread_runs` also where it is not told.
long lab_thread_call_number(pid_t thread);
/// Whether a thread may be in the middle of a call that changes a file: not when it is gone or sleeps in another call.
bool lab_thread_may_write(pid_t thread);
/// Whether another process has the descriptor open.
bool lab_descriptor_exists(pid_t thread, int descriptor);
/// A descriptor of this process for the same open file as `descriptor` of another one, or -errno.
int lab_descriptor_take(pid_t process, int descriptor);
/// Sends or receives a descriptor with one byte over a socket. send: 0, or an errno. receive: it, or -errno.
int lab_descriptor_send(int socket, int descriptor);
int lab_descriptor_receive(int socket);

/// Reads another process's memory; stops at what is not mapped. The number of bytes, or -errno.
int64_t lab_memory_read(pid_t process, uint64_t address, void *buffer, uint64_t count);
/// Acts on files as that user and group from now on, in this thread only.
void lab_file_user(uid_t user, gid_t group);
/// rename with flags. 0, or an errno.
int lab_rename(const char *from, const char *to, unsigned flags);
/// A file without a name in `folder`, or in memory where that cannot be. A descriptor, or -errno.
int lab_nameless_file(const char *folder);
