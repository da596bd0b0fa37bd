//! Makes the allocator return freed memory to the system.

use std::sync::OnceLock;

/// If less than this was held, the allocator isn't told: it would search all of its free memory for little.
const WORTHWHILE: usize = 4 << 20;

/// The function that tells the allocator. Without one nothing is done.
static TELL: OnceLock<fn()> = OnceLock::new();

/// Sets `tell`, which makes the process's allocator return its free memory. Without it an allocator keeps most of it, because
/// small blocks that are in use lie between the large free ones.
#[cfg(feature = "ffi")]
pub fn gives_back_by(tell: fn()) {
    // Only the first call has an effect.
    let _ = TELL.set(tell);
}

/// Makes the allocator return its free memory. `most`: how many bytes were held at the peak.
pub fn give_back(most: usize) {
    if let Some(tell) = TELL.get()
        && most >= WORTHWHILE
    {
        tell();
    }
}
