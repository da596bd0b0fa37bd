//! Has the allocator of C give free memory back to the system, which it keeps for the next rows otherwise.

/// A library mustn't change how its host's allocator works, but may tell it that much is free.
pub fn at_rest() {
    crate::pipeline::gives_back_by(free_memory);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn free_memory() {
    // SAFETY: any number of bytes may be left at the top.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn free_memory() {}
