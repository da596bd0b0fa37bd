//! The border that no panic crosses: every function of the header runs its work in one of these.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::error::{Fault, VECSINK_INVALID_ARGUMENT, VECSINK_OK, vecsink_code, vecsink_error};

/// Does the work of a call that can fail, and gives its code; `*error` gets the rest when it isn't NULL.
///
/// # Safety
/// `error` is NULL or may be written.
pub unsafe fn call(error: *mut *mut vecsink_error, work: impl FnOnce() -> Result<(), Fault>) -> vecsink_code {
    if !error.is_null() && !error.is_aligned() {
        return VECSINK_INVALID_ARGUMENT;
    }
    let outcome = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(panic) => Err(Fault::internal(format!("a bug of vecsink, please report it: {}", words(&*panic)))),
    };
    // A payload of a panic may panic when it is dropped, and so may all that is below.
    let report = AssertUnwindSafe(|| {
        let (code, object) = match outcome {
            Ok(()) => (VECSINK_OK, ptr::null_mut()),
            Err(fault) => (fault.code, if error.is_null() { ptr::null_mut() } else { fault.into_handle() }),
        };
        if !error.is_null() {
            // SAFETY: aligned, and writable as the caller promises.
            unsafe { error.write(object) };
        }
        code
    });
    catch_unwind(report).unwrap_or(super::error::VECSINK_INTERNAL)
}

/// The answer of a call that can't fail, or `otherwise`.
pub fn ask<T>(otherwise: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let mut error = ptr::null_mut();
        // SAFETY: a pointer to a variable.
        let code = unsafe { call(&mut error, || panic!("at the {}", "disco")) };
        assert_eq!((code, vecsink_error_code(error)), (VECSINK_INTERNAL, VECSINK_INTERNAL));
        // SAFETY: the error lives.
        let message = unsafe { std::ffi::CStr::from_ptr(vecsink_error_message(error)) };
        assert!(message.to_str().unwrap().contains("at the disco"));
        vecsink_error_free(error);
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { call(ptr::null_mut(), || panic!()) }, VECSINK_INTERNAL);
        assert_eq!(ask(3, || panic!()), 3);
    }
}
