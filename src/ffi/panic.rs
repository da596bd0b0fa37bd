//! The border that no panic crosses: every function of the header runs its work in one of these.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::ptr;
use std::sync::Once;

use super::error::{CallError, VECSINK_INVALID_ARGUMENT, VECSINK_OK, vecsink_code, vecsink_error};
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

/// Does the work of a call that can fail, and gives its code; `*error` gets the rest when it isn't NULL.
///
/// # Safety
/// `error` is NULL or may be written.
pub unsafe fn call(error: *mut *mut vecsink_error, work: impl FnOnce() -> Result<(), CallError>) -> vecsink_code {
    if !error.is_null() && !error.is_aligned() {
        return VECSINK_INVALID_ARGUMENT;
    }
    let _inside = Inside::enter();
    let outcome = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome,
        Err(panic) => Err(CallError::internal(format!("a bug of vecsink, please report it: {}", words(&*panic)))),
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
    let _inside = Inside::enter();
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(otherwise)
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_char, c_void};

    use super::*;
    use crate::ffi::error::*;
    use crate::ffi::log::{VECSINK_LOG_ERROR, vecsink_log_set};

    /// The test itself is the program that panics, in a process of its own.
    #[test]
    fn a_panic_is_a_line_of_the_log_and_not_of_stderr() {
        const PANICS: &str = "VECSINK_TEST_PANICS";
        extern "C" fn print(_: *mut c_void, _: i32, message: *const c_char, _: usize) {
            // SAFETY: a NUL follows the message.
            println!("logged: {}", unsafe { CStr::from_ptr(message) }.to_string_lossy());
        }
        if std::env::var_os(PANICS).is_some() {
            // SAFETY: no user data, no error.
            unsafe { vecsink_log_set(VECSINK_LOG_ERROR, Some(print), ptr::null_mut(), ptr::null_mut()) };
            log_panics();
            // SAFETY: NULL is allowed.
            assert_eq!(unsafe { call(ptr::null_mut(), || panic!("in a call")) }, VECSINK_INTERNAL);
            assert!(threads::spawn("test", || panic!("in a thread")).unwrap().join().is_err());
            assert!(std::thread::spawn(|| panic!("of the host")).join().is_err());
            return;
        }
        let own = std::env::current_exe().unwrap();
        let name = "ffi::panic::tests::a_panic_is_a_line_of_the_log_and_not_of_stderr";
        let mut child = std::process::Command::new(own);
        let output = child.args(["--exact", name, "--nocapture"]).env(PANICS, "1").output().unwrap();
        let (said, printed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}{printed}");
        for panic in ["in a call", "in a thread"] {
            assert!(said.contains(panic) && said.contains("logged: a bug of vecsink"), "{said}");
            assert!(!printed.contains(panic), "{printed}");
        }
        assert!(printed.contains("of the host") && !said.contains("of the host"), "{printed}");
    }

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
