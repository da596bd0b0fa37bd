//! Memory into which the calls of a thread read rows, one call after another, so that a push allocates nothing.

use std::cell::Cell;

use bumpalo::Bump;

/// At most this many bytes are kept for the next call.
const KEPT: usize = 256 << 10;

thread_local! {
    static SPARE: Cell<Option<Bump>> = const { Cell::new(None) };
}

/// Lends an empty arena. A call within the call gets another one.
pub fn with<T>(work: impl FnOnce(&Bump) -> T) -> T {
    let mut arena = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let result = work(&arena);
    arena.reset();
    if arena.allocated_bytes() <= KEPT {
        // This fails if the thread is ending: then the memory is freed.
        let _ = SPARE.try_with(|spare| spare.set(Some(arena)));
    }
    result
}
