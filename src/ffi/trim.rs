//! Makes the C allocator return free memory to the system. Otherwise it keeps this memory for the next rows.

/// A library must not change how its host's allocator works. But it may tell the allocator that much memory is free.
pub fn at_rest() {
    crate::pipeline::gives_back_by(free_memory);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn free_memory() {
    // SAFETY: the function takes any number.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn free_memory() {}
