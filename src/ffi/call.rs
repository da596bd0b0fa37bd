//! Every function of the header that can fail runs its work in [`call`].

use std::ptr;

use super::call_error::CallError;
use super::code::{VECSINK_INTERNAL, VECSINK_INVALID_ARGUMENT, VECSINK_OK, vecsink_code};
use super::error::vecsink_error;
use super::panic::{catch, words};

/// Does the work of a call that can fail, and returns its code. If `error` isn't NULL, `*error` becomes the error object or NULL.
///
/// # Safety
/// `error` is NULL or may be written.
pub unsafe fn call(error: *mut *mut vecsink_error, work: impl FnOnce() -> Result<(), CallError>) -> vecsink_code {
    if !error.is_null() && !error.is_aligned() {
        return VECSINK_INVALID_ARGUMENT;
    }
    let outcome = match catch(work) {
        Ok(outcome) => outcome,
        Err(panic) => Err(CallError::internal(format!("a bug of vecsink, please report it: {}", words(&*panic)))),
    };
    // Dropping the payload of a panic may panic, too, and so may the code below.
    let report = || {
        let (code, object) = match outcome {
            Ok(()) => (VECSINK_OK, ptr::null_mut()),
            Err(failed) => (failed.code, if error.is_null() { ptr::null_mut() } else { failed.into_handle() }),
        };
        if !error.is_null() {
            // SAFETY: aligned, and writable as the caller promises.
            unsafe { error.write(object) };
        }
        code
    };
    catch(report).unwrap_or(VECSINK_INTERNAL)
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
