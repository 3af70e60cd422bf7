#pragma once

// System calls and ioctls that Swift's Glibc module does not show.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Namespaces that `lab_unshare` can leave, as bits.
enum lab_namespace {
    lab_namespace_user = 1,
    lab_namespace_network = 2,
    lab_namespace_mount = 4,
    lab_namespace_process = 8,
    lab_namespace_name = 16,
    lab_namespace_communication = 32,
};

/// Leaves the given namespaces for new ones. 0, or an errno.
int lab_unshare(int namespaces);
/// Sets the host name of this UTS namespace. 0, or an errno.
int lab_set_host_name(const char *name);

enum lab_mount_kind {
    /// A tmpfs; `data` holds its options.
    lab_mount_memory,
    /// The processes of the caller's PID namespace.
    lab_mount_processes,
    /// `source` seen at `target`, with everything mounted below it.
    lab_mount_bind,
    /// No mount event leaves or enters `target` and what is below it.
    lab_mount_private,
};

/// Mounts. 0, or an errno.
int lab_mount(enum lab_mount_kind kind, const char *source, const char *target, const char *data);

/// Takes a mount away; what is mounted from it elsewhere stays. 0, or an errno.
int lab_unmount(const char *target);

/// Closes every file descriptor from `first` on.
void lab_close_from(int first);
/// A new process that does nothing until it is killed or the caller ends. The caller must have one thread only.
/// - Returns: its number, or -errno.
pid_t lab_fork_idle(void);
/// The calling process dies when the thread that created it does. 0, or an errno.
int lab_die_with_parent(void);
/// An eventfd, close-on-exec and non-blocking, or -errno.
int lab_event_new(void);
/// An epoll descriptor, close-on-exec, or -errno.
int lab_epoll_new(void);
/// Adds `descriptor` (readable, level-triggered) under `tag`. 0, or an errno.
int lab_epoll_add(int epoll, int descriptor, uint32_t tag);
/// Waits without limit until one of them is readable. 0, or an errno.
int lab_epoll_wait(int epoll);

/// Brings an interface of this network namespace up. 0, or an errno.
int lab_interface_up(const char *name);
/// Gives an interface of this network namespace an IPv4 address (network byte order) and netmask. 0, or an errno.
int lab_interface_address(const char *name, uint32_t address, uint32_t mask);
/// Sets MTU and switches all offloads off, so that every frame on the wire is a real frame. 0, or an errno.
int lab_interface_plain(const char *name);
/// The number of an interface, or 0.
unsigned lab_interface_index(const char *name);

/// Nanoseconds of the true CLOCK_REALTIME, asked of the kernel and not of the vDSO.
int64_t lab_real_time(void);
/// Nanoseconds of CLOCK_MONOTONIC.
int64_t lab_monotonic_time(void);
/// Where the kernel has mapped this process's vDSO, or 0.
uint64_t lab_vdso_address(void);
