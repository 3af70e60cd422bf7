#pragma once

// Packet sockets: whole Ethernet frames in and out of an interface, through a ring shared with the kernel.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One received frame's place in the ring.
enum { lab_ring_frame_size = 2048 };

/// An open packet socket.
struct lab_packet_socket {
    int descriptor;
    /// `frames` places of `lab_ring_frame_size` bytes.
    uint8_t *ring;
    uint32_t frames;
};

/// A frame to be sent.
struct lab_frame {
    const uint8_t *bytes;
    size_t length;
};

/// Opens a packet socket on interface number `interface` of the calling thread's network namespace. It sees every
/// frame that arrives, none that leaves. `blocks` × 64 KiB are kept for arriving frames. 0, or an errno.
int lab_packet_open(unsigned interface, uint32_t blocks, struct lab_packet_socket *socket);
void lab_packet_close(struct lab_packet_socket *socket);
/// Sends the frames one after the other; what the interface has no room for is lost, as on a wire.
/// - Returns: how many were taken.
unsigned lab_packet_send(int descriptor, const struct lab_frame *frames, unsigned count);
/// How many frames the kernel has dropped because the ring was full, since the last call.
unsigned lab_packet_drops(int descriptor);

/// The frame in a place of the ring, or NULL while the place belongs to the kernel.
const uint8_t *lab_ring_frame(const uint8_t *place, uint32_t *length);
/// Gives the place back to the kernel.
void lab_ring_release(uint8_t *place);
