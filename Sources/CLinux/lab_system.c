#define _GNU_SOURCE
#include "lab_system.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/close_range.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int lab_unshare(int namespaces) {
    int flags = 0;
    if (namespaces & lab_namespace_user) flags |= CLONE_NEWUSER;
    if (namespaces & lab_namespace_network) flags |= CLONE_NEWNET;
    if (namespaces & lab_namespace_mount) flags |= CLONE_NEWNS;
    if (namespaces & lab_namespace_process) flags |= CLONE_NEWPID;
    if (namespaces & lab_namespace_name) flags |= CLONE_NEWUTS;
    if (namespaces & lab_namespace_communication) flags |= CLONE_NEWIPC;
    return unshare(flags) == 0 ? 0 : errno;
}

int lab_set_host_name(const char *name) {
    return sethostname(name, strlen(name)) == 0 ? 0 : errno;
}

int lab_mount(enum lab_mount_kind kind, const char *source, const char *target, const char *data) {
    int result = -1;
    switch (kind) {
        case lab_mount_memory:
            result = mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, data);
            break;
        case lab_mount_processes:
            result = mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
            break;
        case lab_mount_bind:
            result = mount(source, target, NULL, MS_BIND | MS_REC, NULL);
            break;
        case lab_mount_private:
            result = mount("none", target, NULL, MS_REC | MS_PRIVATE, NULL);
            break;
    }
    return result == 0 ? 0 : errno;
}

int lab_unmount(const char *target) {
    return umount2(target, MNT_DETACH) == 0 ? 0 : errno;
}

void lab_close_from(int first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    // Kernels before 5.9.
    long limit = sysconf(_SC_OPEN_MAX);
    for (int descriptor = first; descriptor < limit; descriptor++) close(descriptor);
}

pid_t lab_fork_idle(void) {
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    return child > 0 ? child : -errno;
}

int lab_die_with_parent(void) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : errno;
}

int lab_event_new(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor >= 0 ? descriptor : -errno;
}

int lab_epoll_new(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

int lab_epoll_add(int epoll, int descriptor, uint32_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int lab_epoll_wait(int epoll) {
    struct epoll_event events[8];
    return epoll_wait(epoll, events, 8, -1) >= 0 ? 0 : errno;
}

/// Carries out one interface request on a throw-away socket. 0, or an errno.
static int interface_request(unsigned long request, struct ifreq *argument) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    int error = ioctl(descriptor, request, argument) == 0 ? 0 : errno;
    close(descriptor);
    return error;
}

static struct ifreq named_request(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
}

int lab_interface_up(const char *name) {
    struct ifreq request = named_request(name);
    int error = interface_request(SIOCGIFFLAGS, &request);
    if (error) return error;
    request.ifr_flags |= IFF_UP;
    return interface_request(SIOCSIFFLAGS, &request);
}

int lab_interface_address(const char *name, uint32_t address, uint32_t mask) {
    struct ifreq request = named_request(name);
    struct sockaddr_in value = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    memcpy(&request.ifr_addr, &value, sizeof value);
    int error = interface_request(SIOCSIFADDR, &request);
    if (error) return error;
    value.sin_addr.s_addr = mask;
    memcpy(&request.ifr_netmask, &value, sizeof value);
    return interface_request(SIOCSIFNETMASK, &request);
}

int lab_interface_plain(const char *name) {
    static const uint32_t offloads[] = {
        // Checksums first: the kernel refuses segmentation offload without them and switches it off as well.
        ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SSG, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO,
    };
    for (size_t i = 0; i < sizeof offloads / sizeof *offloads; i++) {
        struct ethtool_value value = {.cmd = offloads[i], .data = 0};
        struct ifreq request = named_request(name);
        request.ifr_data = (void *)&value;
        int error = interface_request(SIOCETHTOOL, &request);
        if (error && error != EOPNOTSUPP) return error;
    }
    struct ifreq request = named_request(name);
    request.ifr_mtu = 1500;
    return interface_request(SIOCSIFMTU, &request);
}

unsigned lab_interface_index(const char *name) {
    return if_nametoindex(name);
}

static int64_t nanoseconds(const struct timespec *time) {
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

int64_t lab_real_time(void) {
    struct timespec time;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
    return nanoseconds(&time);
}

int64_t lab_monotonic_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return nanoseconds(&time);
}

uint64_t lab_vdso_address(void) {
    return getauxval(AT_SYSINFO_EHDR);
}
