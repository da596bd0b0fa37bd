//! Memory that was freed and goes back to the system.

use std::sync::OnceLock;

/// After less than this was held it isn't worth the while: the allocator looks through all that is free.
const WORTHWHILE: usize = 4 << 20;

/// How the allocator is told; nothing is told where nobody says how.
static TELL: OnceLock<fn()> = OnceLock::new();

/// Allocators keep what is freed, and small blocks between large ones hold most of it. From here on `tell` has the process's
/// give it back.
#[cfg(feature = "ffi")]
pub fn gives_back_by(tell: fn()) {
    // The first one stays.
    let _ = TELL.set(tell);
}

/// Has the allocator give back what is free, now that what was held is freed: `most` bytes at the peak.
pub fn give_back(most: usize) {
    if let Some(tell) = TELL.get()
        && most >= WORTHWHILE
    {
        tell();
    }
}
