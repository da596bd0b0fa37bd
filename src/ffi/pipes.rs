//! Makes the pipes of the C libraries inside this one, so that a program that the host starts doesn't inherit them. librdkafka makes
//! its pipes by pipe(2). Inside the library this name means the function here. The name is hidden, so the host's own pipe(2) isn't
//! changed.

use std::arch::global_asm;
use std::ffi::c_int;

/// # Safety
/// As for pipe(2): `ends` points to room for two numbers.
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
