//! Where a host's callbacks run, and what they may call.

use std::cell::Cell;
use std::ffi::c_void;

use super::call_error::CallError;
use super::code::VECSINK_IN_CALLBACK;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Callback {
    /// Of a sink: on a thread that holds nothing.
    Rows,
    /// Of the log: on any thread, whatever it holds.
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

/// Runs a callback. It must not unwind, which C functions don't.
pub fn run(callback: Callback, call: impl FnOnce()) {
    let before = RUNNING.replace(Some(callback));
    call();
    RUNNING.set(before);
}

pub fn is_logging() -> bool {
    RUNNING.get() == Some(Callback::Log)
}

/// For what uses a sink or a job.
pub fn check_may_use() -> Result<(), CallError> {
    match RUNNING.get() {
        Some(Callback::Log) => {
            Err(refused("no sink and no job can be used from the log callback, which may interrupt one"))
        }
        _ => Ok(()),
    }
}

/// For what ends a sink or a job, and so waits for its callbacks.
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
