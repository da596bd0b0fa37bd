//! Memory that a thread's calls read rows into, one after another, so that a push allocates nothing.

use std::cell::Cell;

use bumpalo::Bump;

/// What is kept for the next call.
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
        // A thread that ends has no spare any more.
        let _ = SPARE.try_with(|spare| spare.set(Some(arena)));
    }
    result
}
