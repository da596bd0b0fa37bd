//! Makes the allocator return freed memory to the system.

use std::sync::OnceLock;

/// The allocator isn't told if fewer bytes than this were held: it would search all of its free memory to give little back.
const WORTHWHILE: usize = 4 << 20;

/// The function that tells the allocator. If none is set, nothing is done.
static TELL: OnceLock<fn()> = OnceLock::new();

/// Sets `tell`, which makes the process's allocator return its free memory. Without such a call the allocator keeps most of its free
/// memory, because small blocks that are in use lie between the large free blocks.
#[cfg(feature = "ffi")]
pub fn gives_back_by(tell: fn()) {
    // Only the first call has an effect.
    let _ = TELL.set(tell);
}

/// Makes the allocator return its free memory. `most`: the most bytes that were held at one time.
pub fn give_back(most: usize) {
    if let Some(tell) = TELL.get()
        && most >= WORTHWHILE
    {
        tell();
    }
}
