#if defined(__x86_64__)

// The clock stub for x86-64: see lab_stub.h. It is data here and code in another process, so it may refer to nothing
// outside itself. Assembly, so that no compiler flag (sanitizers, coverage, -O0) can change it.

    .section .rodata.polygraph_clock_stub, "a", @progbits
    .globl lab_stub_start, lab_stub_end
    .hidden lab_stub_start, lab_stub_end
    .balign 64

lab_stub_start:
    jmp stub_clock_gettime
    .balign 16, 0xcc
    jmp stub_gettimeofday
    .balign 16, 0xcc
    jmp stub_time
    .balign 16, 0xcc
    // measure: calls the function in rax.
    call *%rax
    int3
    .balign 16, 0xcc
    // system_call: the number is in rax.
    syscall
    int3
    .balign 16, 0xcc
    .quad 0x31676b63
stub_generation:
    .quad 0
stub_settings:
    .fill 128, 1, 0
stub_original:
    // Filled in by whoever copies the stub; as it stands, the system call.
    movl $228, %eax
    syscall
    ret
    .balign 16, 0xcc
    .fill 32, 1, 0xcc

// int clock_gettime(edi: clock, rsi: struct timespec *)
stub_clock_gettime:
    // CLOCK_REALTIME 0, CLOCK_REALTIME_COARSE 5, CLOCK_TAI 11; all others show what they showed before.
    cmpl $11, %edi
    ja stub_original
    movl $0x821, %eax
    btl %edi, %eax
    jnc stub_original
    pushq %rsi
    call stub_original
    popq %rsi
    testl %eax, %eax
    jnz 1f
    call stub_adjust
    xorl %eax, %eax
1:  ret

// int gettimeofday(rdi: struct timeval *, rsi: struct timezone *)
stub_gettimeofday:
    pushq %rdi
    testq %rsi, %rsi
    jz 1f
    // The time zone is the kernel's affair.
    movl $96, %eax
    xorl %edi, %edi
    syscall
1:  cmpq $0, (%rsp)
    je 2f
    subq $16, %rsp
    xorl %edi, %edi
    movq %rsp, %rsi
    call stub_original
    movq %rsp, %rsi
    call stub_adjust
    movq 8(%rsp), %rax
    xorl %edx, %edx
    movl $1000, %ecx
    divq %rcx
    movq (%rsp), %rdx
    movq 16(%rsp), %rdi
    movq %rdx, (%rdi)
    movq %rax, 8(%rdi)
    addq $16, %rsp
2:  popq %rdi
    xorl %eax, %eax
    ret

// time_t time(rdi: time_t *)
stub_time:
    pushq %rdi
    subq $16, %rsp
    movl $5, %edi
    movq %rsp, %rsi
    call stub_original
    movq %rsp, %rsi
    call stub_adjust
    movq (%rsp), %rax
    addq $16, %rsp
    popq %rdi
    testq %rdi, %rdi
    jz 1f
    movq %rax, (%rdi)
1:  ret

// Bends the struct timespec at rsi.
stub_adjust:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    leaq stub_settings(%rip), %r9
1:  movq stub_generation(%rip), %r8
    movl %r8d, %eax
    andl $1, %eax
    shll $6, %eax
    addq %r9, %rax
    movq (%rax), %r10
    movq 8(%rax), %r11
    movq 16(%rax), %rdi
    movq 24(%rax), %rbx
    movq 32(%rax), %rbp
    movq 40(%rax), %r12
    movq 48(%rax), %r13
    // Loads are not reordered with loads on this architecture.
    cmpq stub_generation(%rip), %r8
    jne 1b
    imulq $1000000000, (%rsi), %rcx
    addq 8(%rsi), %rcx
    movq %rcx, %r8
    subq %r11, %r8
    addq %r10, %rcx
    testq %rbp, %rbp
    jz 2f
    // The strobe: in every second stretch the clock is ahead.
    movq %r8, %rax
    cqto
    idivq %rbp
    testb $1, %al
    jz 2f
    addq %r12, %rcx
2:  movq %r8, %rax
    imulq %rdi
    shrdq $48, %rdx, %rax
    addq %rax, %rcx
    cmpq %rbx, %r8
    cmovgq %rbx, %r8
    movq %r8, %rax
    imulq %r13
    shrdq $48, %rdx, %rax
    addq %rcx, %rax
    // Rounded towards the past: the nanoseconds of a time before 1970 are not negative either.
    movl $1000000000, %ecx
    cqto
    idivq %rcx
    testq %rdx, %rdx
    jns 3f
    addq %rcx, %rdx
    decq %rax
3:  movq %rax, (%rsi)
    movq %rdx, 8(%rsi)
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

lab_stub_end:
#endif

// Also where this file is empty: an object without the note makes the stack of the whole program executable.
    .section .note.GNU-stack, "", %progbits
