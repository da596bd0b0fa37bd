//! The border that no panic crosses.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::threads;

thread_local! {
    /// This thread, which is the host's, is in a call of the library.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// As long as this is there, the thread is inside.
struct Inside {
    before: bool,
}

impl Inside {
    fn enter() -> Inside {
        Inside { before: INSIDE.replace(true) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

/// Runs a call of the host; `Err`: it panicked.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(work))
}

/// From here on a panic of the library is a line of its log and not of the host's stderr. Panics elsewhere, where the host is
/// written in Rust, stay what they are.
pub fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| match INSIDE.get() || threads::is_ours() {
            true => log::error!("a bug of vecsink, please report it: {panic}"),
            false => before(panic),
        }));
    });
}

/// The answer of a call that can't fail, or `otherwise`.
pub fn ask<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch(work).unwrap_or(otherwise)
}

/// What a panic says.
pub fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
