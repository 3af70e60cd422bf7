#include "lab_stub.h"

#if defined(__x86_64__) || defined(__aarch64__)

extern const uint8_t lab_stub_start[], lab_stub_end[];

const uint8_t *lab_stub_bytes(void) {
    return lab_stub_start;
}

uint64_t lab_stub_size(void) {
    return (uint64_t)(lab_stub_end - lab_stub_start);
}

#else

const uint8_t *lab_stub_bytes(void) {
    return (const uint8_t *)"";
}

uint64_t lab_stub_size(void) {
    return 0;
}

#endif
