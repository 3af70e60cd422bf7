#if defined(__aarch64__)

// The clock stub for arm64: see lab_stub.h and the x86-64 one. The first instruction of each head entry is `nop`, or
// `autiasp` where the vDSO's function signs its return address before it is led here.

    .section .rodata.polygraph_clock_stub, "a", @progbits
    .globl lab_stub_start, lab_stub_end
    .hidden lab_stub_start, lab_stub_end
    .balign 64

lab_stub_start:
    nop
    b stub_clock_gettime
    .balign 16
    nop
    b stub_gettimeofday
    .balign 16
    // The vDSO of this architecture has no time().
    brk #0
    .balign 16
    // measure: calls the function in x16, the register that may call what begins with `bti c`.
    blr x16
    brk #0
    .balign 16
    // system_call: the number is in x8.
    svc #0
    brk #0
    .balign 16
    .quad 0x31676b63
stub_generation:
    .quad 0
stub_settings:
    .fill 128, 1, 0
stub_original:
    // Filled in by whoever copies the stub; as it stands, the system call.
    mov x8, #113
    svc #0
    ret
    .balign 16
    .fill 32, 1, 0

// int clock_gettime(w0: clock, x1: struct timespec *)
stub_clock_gettime:
    cmp w0, #11
    b.hi stub_original
    mov w9, #0x821
    lsr w9, w9, w0
    tbz w9, #0, stub_original
    stp x29, x30, [sp, #-32]!
    mov x29, sp
    str x1, [sp, #16]
    bl stub_original
    cbnz w0, 1f
    ldr x1, [sp, #16]
    bl stub_adjust
    mov w0, #0
1:  ldp x29, x30, [sp], #32
    ret

// int gettimeofday(x0: struct timeval *, x1: struct timezone *)
stub_gettimeofday:
    stp x29, x30, [sp, #-48]!
    mov x29, sp
    str x0, [sp, #16]
    cbz x1, 1f
    mov x0, #0
    mov x8, #169
    svc #0
1:  ldr x0, [sp, #16]
    cbz x0, 2f
    mov w0, #0
    add x1, sp, #32
    bl stub_original
    add x1, sp, #32
    bl stub_adjust
    ldp x9, x10, [sp, #32]
    mov x11, #1000
    udiv x10, x10, x11
    ldr x0, [sp, #16]
    stp x9, x10, [x0]
2:  mov w0, #0
    ldp x29, x30, [sp], #48
    ret

// Bends the struct timespec at x1.
stub_adjust:
    adr x9, stub_generation
    adr x10, stub_settings
1:  ldar x11, [x9]
    and x12, x11, #1
    add x12, x10, x12, lsl #6
    ldp x13, x14, [x12]
    ldp x15, x7, [x12, #16]
    ldp x8, x16, [x12, #32]
    ldr x17, [x12, #48]
    // The setting is read before the generation is looked at again.
    dmb ishld
    ldr x12, [x9]
    cmp x11, x12
    b.ne 1b
    mov w2, #0xca00
    movk w2, #0x3b9a, lsl #16
    ldp x3, x4, [x1]
    madd x3, x3, x2, x4
    sub x4, x3, x14
    add x3, x3, x13
    cbz x8, 2f
    // The strobe: in every second stretch the clock is ahead.
    sdiv x5, x4, x8
    tbz x5, #0, 2f
    add x3, x3, x16
2:  mul x5, x4, x15
    smulh x6, x4, x15
    extr x5, x6, x5, #48
    add x3, x3, x5
    cmp x4, x7
    csel x4, x7, x4, gt
    mul x5, x4, x17
    smulh x6, x4, x17
    extr x5, x6, x5, #48
    add x3, x3, x5
    sdiv x4, x3, x2
    msub x5, x4, x2, x3
    tbz x5, #63, 3f
    add x5, x5, x2
    sub x4, x4, #1
3:  stp x4, x5, [x1]
    ret

lab_stub_end:
#endif

// Also where this file is empty: an object without the note makes the stack of the whole program executable.
    .section .note.GNU-stack, "", %progbits
