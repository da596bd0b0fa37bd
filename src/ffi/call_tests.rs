//! A panic inside a call becomes an error and a line of the log.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use super::call;
use crate::ffi::code::VECSINK_INTERNAL;
use crate::ffi::error::{vecsink_error_code, vecsink_error_free, vecsink_error_message};
use crate::ffi::log::{VECSINK_LOG_ERROR, vecsink_log_set};
use crate::ffi::panic::{ask, log_panics};
use crate::threads;

/// The test starts its own program again, in a process of its own, and there it panics.
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
    let name = "ffi::call::tests::a_panic_is_a_line_of_the_log_and_not_of_stderr";
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
