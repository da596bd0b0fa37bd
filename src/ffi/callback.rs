//! Which callback of the host runs on this thread, and what it may call.

use std::cell::Cell;
use std::ffi::c_void;

use super::call_error::CallError;
use super::code::VECSINK_IN_CALLBACK;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// A callback of a sink. Its thread holds no lock.
    Rows,
    /// The log callback. It runs on any thread, which may hold locks.
    Log,
}

thread_local! {
    static RUNNING: Cell<Option<Callback>> = const { Cell::new(None) };
}

/// The host's own pointer, handed back to its callbacks.
#[derive(Clone, Copy)]
pub struct UserData(pub *mut c_void);

// SAFETY: the library does nothing with it; the header says that callbacks come from threads of the library.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

/// Runs a callback. It must not unwind. (C functions never do.)
pub fn run(callback: Callback, call: impl FnOnce()) {
    let before = RUNNING.replace(Some(callback));
    call();
    RUNNING.set(before);
}

pub fn is_logging() -> bool {
    RUNNING.get() == Some(Callback::Log)
}

/// To be called before a sink or a job is used.
pub fn check_may_use() -> Result<(), CallError> {
    match RUNNING.get() {
        Some(Callback::Log) => {
            Err(refused("no sink and no job can be used from the log callback, which may interrupt one"))
        }
        _ => Ok(()),
    }
}

/// To be called before a sink or a job is opened or ended: ending it waits for its callbacks.
pub fn check_may_end() -> Result<(), CallError> {
    match RUNNING.get() {
        Some(_) => Err(refused(
            "no sink and no job can be opened, closed or freed from a callback: closing waits for callbacks",
        )),
        None => Ok(()),
    }
}

#[cold]
fn refused(message: &str) -> CallError {
    CallError::new(VECSINK_IN_CALLBACK, message)
}
