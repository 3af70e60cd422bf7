#define _GNU_SOURCE
#include "lab_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/// `PACKET_IGNORE_OUTGOING` of kernel 4.20, where the system's headers are older.
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

enum { block_size = 65536, batch = 64 };

static int configure(int descriptor, unsigned interface, uint32_t blocks) {
    // Version 2: a frame is handed over the moment it arrives. Version 3 saves space, and adds a timeout.
    int version = TPACKET_V2, on = 1;
    struct tpacket_req request = {
        .tp_block_size = block_size,
        .tp_block_nr = blocks,
        .tp_frame_size = lab_ring_frame_size,
        .tp_frame_nr = blocks * (block_size / lab_ring_frame_size),
    };
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)interface};
    if (setsockopt(descriptor, SOL_PACKET, PACKET_VERSION, &version, sizeof version)) return errno;
    if (setsockopt(descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on)) return errno;
    // A cable has no queue of its own to wait in; where the kernel cannot leave the step out it is merely slower.
    (void)setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
    if (setsockopt(descriptor, SOL_PACKET, PACKET_RX_RING, &request, sizeof request)) return errno;
    // Bound last: a frame must not arrive before there is a place for it.
    return bind(descriptor, (struct sockaddr *)&address, sizeof address) ? errno : 0;
}

int lab_packet_open(unsigned interface, uint32_t blocks, struct lab_packet_socket *result) {
    // Protocol 0: nothing arrives before the socket is bound.
    int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return errno;
    int error = configure(descriptor, interface, blocks);
    void *ring = MAP_FAILED;
    if (!error) {
        ring = mmap(NULL, (size_t)blocks * block_size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        if (ring == MAP_FAILED) error = errno;
    }
    if (error) {
        close(descriptor);
        return error;
    }
    *result = (struct lab_packet_socket){
        .descriptor = descriptor, .ring = ring, .frames = blocks * (block_size / lab_ring_frame_size)};
    return 0;
}

void lab_packet_close(struct lab_packet_socket *socket) {
    munmap(socket->ring, (size_t)socket->frames * lab_ring_frame_size);
    close(socket->descriptor);
}

unsigned lab_packet_send(int descriptor, const struct lab_frame *frames, unsigned count) {
    struct mmsghdr headers[batch];
    struct iovec vectors[batch];
    unsigned taken = 0;
    while (count > 0) {
        unsigned now = count < batch ? count : batch;
        memset(headers, 0, now * sizeof *headers);
        for (unsigned i = 0; i < now; i++) {
            vectors[i] = (struct iovec){.iov_base = (void *)frames[i].bytes, .iov_len = frames[i].length};
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        int sent = sendmmsg(descriptor, headers, now, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        // The first frame was refused: it is lost, those behind it may pass.
        unsigned done = sent > 0 ? (unsigned)sent : 1;
        taken += sent > 0 ? (unsigned)sent : 0;
        frames += done;
        count -= done;
    }
    return taken;
}

unsigned lab_packet_drops(int descriptor) {
    struct tpacket_stats statistics = {0};
    socklen_t size = sizeof statistics;
    if (getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &size)) return 0;
    return statistics.tp_drops;
}

const uint8_t *lab_ring_frame(const uint8_t *place, uint32_t *length) {
    const struct tpacket2_hdr *header = (const void *)place;
    if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) return NULL;
    *length = header->tp_snaplen;
    return place + header->tp_mac;
}

void lab_ring_release(uint8_t *place) {
    struct tpacket2_hdr *header = (void *)place;
    __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}
