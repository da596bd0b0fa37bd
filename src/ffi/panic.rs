//! Catches panics of the library, so that none reaches the host.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::threads;

thread_local! {
    /// Whether this thread, which belongs to the host, is in a call of the library.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While this object lives, the thread is in a call of the library.
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

/// Does the work of a call of the host. `Err`: the work panicked.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(work))
}

/// From now on, a panic of the library is printed as a line of its log, and not on the host's stderr. If the host is written in Rust,
/// its own panics are printed as before.
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

/// The answer of a call that can't fail, or `otherwise` if it panicked.
pub fn ask<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch(work).unwrap_or(otherwise)
}

/// The message of a panic.
pub fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}
