#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lab_seccomp.h"

// Of newer kernels than a machine's headers may be.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int lab_descriptor_identity(pid_t thread, int descriptor, struct lab_file_identity *identity) {
    char path[64];
    struct stat found;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", thread, descriptor);
    if (stat(path, &found)) return errno;
    *identity = (struct lab_file_identity){
        .device = found.st_dev, .inode = found.st_ino, .size = (uint64_t)found.st_size, .mode = found.st_mode};
    return 0;
}

/// The beginning of a small file of /proc, with a zero behind it. 0, or an errno.
static int read_text(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    ssize_t count = read(file, text, size - 1);
    int error = count < 0 ? errno : 0;
    close(file);
    text[count > 0 ? count : 0] = 0;
    return error;
}

int lab_thread_read_status(pid_t thread, struct lab_thread_status *status) {
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    int error = read_text(path, text, sizeof text);
    if (error) return error;
    const char *mask = strstr(text, "\nUmask:"), *process = strstr(text, "\nTgid:");
    const char *user = strstr(text, "\nUid:"), *group = strstr(text, "\nGid:");
    if (!mask || !process || !user || !group) return EPROTO;
    status->mask = (mode_t)strtoul(mask + 7, NULL, 8);
    status->process = (pid_t)strtol(process + 6, NULL, 10);
    // Real, effective, saved, and the one that files are accessed as.
    if (sscanf(user + 5, "%*u %*u %*u %u", &status->user) != 1) return EPROTO;
    if (sscanf(group + 5, "%*u %*u %*u %u", &status->group) != 1) return EPROTO;
    return 0;
}

long lab_thread_call_number(pid_t thread) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/syscall", thread);
    int error = read_text(path, text, sizeof text);
    if (error == ENOENT || error == ESRCH) return lab_thread_is_gone;
    return error || text[0] < '0' || text[0] > '9' ? lab_thread_runs : strtol(text, NULL, 10);
}

int lab_descriptor_position(pid_t thread, int descriptor, uint64_t *position, int *flags) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", thread, descriptor);
    int error = read_text(path, text, sizeof text);
    if (error) return error;
    const char *flag_text = strstr(text, "flags:");
    if (strncmp(text, "pos:", 4) || !flag_text) return EPROTO;
    *position = strtoull(text + 4, NULL, 10);
    *flags = (int)strtoul(flag_text + 6, NULL, 8);
    return 0;
}

bool lab_descriptor_exists(pid_t thread, int descriptor) {
    char path[64];
    struct stat found;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", thread, descriptor);
    return lstat(path, &found) == 0;
}

int lab_descriptor_take(pid_t process, int descriptor) {
    int handle = (int)syscall(SYS_pidfd_open, process, 0);
    if (handle < 0) return -errno;
    int result = (int)syscall(SYS_pidfd_getfd, handle, descriptor, 0);
    int error = errno;
    close(handle);
    return result < 0 ? -error : result;
}

union descriptor_message {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
};

int lab_descriptor_send(int socket, int descriptor) {
    char byte = 0;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    union descriptor_message control = {.bytes = {0}};
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(first), &descriptor, sizeof descriptor);
    return sendmsg(socket, &header, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

int lab_descriptor_receive(int socket) {
    char byte;
    struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    union descriptor_message control;
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    struct cmsghdr *first = count == 1 ? CMSG_FIRSTHDR(&header) : NULL;
    if (!first || first->cmsg_type != SCM_RIGHTS) return -EPROTO;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(first), sizeof descriptor);
    return descriptor;
}

int64_t lab_memory_read(pid_t process, uint64_t address, void *buffer, uint64_t count) {
    struct iovec here = {.iov_base = buffer, .iov_len = count};
    struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = count};
    ssize_t result = process_vm_readv(process, &here, 1, &there, 1, 0);
    return result < 0 ? -errno : result;
}

void lab_file_user(uid_t user, gid_t group) {
    // The group first: it takes the rights of the user who calls.
    setfsgid(group);
    setfsuid(user);
}

int lab_rename(const char *from, const char *to, unsigned flags) {
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags) == 0 ? 0 : errno;
}

int lab_nameless_file(const char *folder) {
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) return descriptor;
    descriptor = memfd_create("polygraph", MFD_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}
