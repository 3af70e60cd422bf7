#pragma once

#include <libssh2.h>
#include <sys/types.h>

typedef ssize_t (*cssh2_send)(libssh2_socket_t, const void *, size_t, int, void **);
typedef ssize_t (*cssh2_receive)(libssh2_socket_t, void *, size_t, int, void **);

/// Makes a session hand its bytes to these functions instead of to a socket.
static inline void cssh2_set_transport(LIBSSH2_SESSION *session, cssh2_send send, cssh2_receive receive) {
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
    libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
}
