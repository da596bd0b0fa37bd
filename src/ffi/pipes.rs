//! Pipes of the C libraries inside of this one, which a program that the host starts must not inherit. librdkafka makes its
//! own by pipe(2); inside the library that name stands for the function here. It is hidden: the host's stays its own.

use std::arch::global_asm;
use std::ffi::c_int;

/// # Safety
/// As pipe(2): two numbers may be written.
unsafe extern "C" fn closed_on_exec(ends: *mut c_int) -> c_int {
    // SAFETY: as the caller promises.
    unsafe { libc::pipe2(ends, libc::O_CLOEXEC) }
}

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".pushsection .text.vecsink_pipe,\"ax\",@progbits",
    ".globl pipe",
    ".hidden pipe",
    ".type pipe,@function",
    "pipe:",
    "jmp {closed_on_exec}",
    ".size pipe, . - pipe",
    ".popsection",
    closed_on_exec = sym closed_on_exec
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".pushsection .text.vecsink_pipe,\"ax\",%progbits",
    ".globl pipe",
    ".hidden pipe",
    ".type pipe,%function",
    "pipe:",
    "b {closed_on_exec}",
    ".size pipe, . - pipe",
    ".popsection",
    closed_on_exec = sym closed_on_exec
);
