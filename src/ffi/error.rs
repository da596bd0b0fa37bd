//! The object that says more about an error than its code.

use std::ffi::{CString, c_char};
use std::ptr;

use super::call_error::CallError;
use super::code::{VECSINK_INVALID_HANDLE, VECSINK_OK, vecsink_code};
use super::handle::{self, HandleKind};
use super::memory::c_string;
use super::panic::ask;

/// Why a call failed. Free it with vecsink_error_free.
pub struct vecsink_error(());

/// The parts of an error that the host can ask for.
struct ShownError {
    code: vecsink_code,
    message: CString,
    sqlstate: Option<CString>,
    column: Option<CString>,
    retryable: bool,
    in_doubt: bool,
    position: Option<(CString, i32, i64)>,
    accepted: usize,
}

impl HandleKind for ShownError {
    type Public = vecsink_error;
    const NAME: &'static str = "vecsink_error";
}

impl CallError {
    /// The object for the host; NULL when there is no room for one.
    pub fn into_handle(self) -> *mut vecsink_error {
        let shown = ShownError {
            code: self.code,
            message: c_string(&self.message),
            sqlstate: self.sqlstate.as_deref().map(c_string),
            column: self.column.as_deref().map(c_string),
            retryable: self.retryable,
            in_doubt: self.in_doubt,
            position: self.position.map(|(topic, partition, offset)| (c_string(&topic), partition, offset)),
            accepted: self.accepted,
        };
        handle::give(shown).unwrap_or(ptr::null_mut())
    }
}

/// The error's code. VECSINK_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_code(error: *const vecsink_error) -> vecsink_code {
    if error.is_null() {
        return VECSINK_OK;
    }
    ask(VECSINK_INVALID_HANDLE, || {
        handle::get::<ShownError>(error).map_or_else(|failed| failed.code, |shown| shown.code)
    })
}

/// What happened, where, and what to do. The text lives as long as the error, and is never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_message(error: *const vecsink_error) -> *const c_char {
    if error.is_null() {
        return c"".as_ptr();
    }
    let unknown = c"this is not a vecsink_error, or it was freed".as_ptr();
    ask(unknown, || handle::get::<ShownError>(error).map_or(unknown, |shown| shown.message.as_ptr()))
}

/// The SQLSTATE, such as "23505": that of the database, or, where the library refused something itself, the one that the
/// database would have given. NULL if there is none. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_sqlstate(error: *const vecsink_error) -> *const c_char {
    text(error, |shown| shown.sqlstate.as_ref())
}

/// The column whose value was refused; NULL when there is none. Lives as long as the error.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_column(error: *const vecsink_error) -> *const c_char {
    text(error, |shown| shown.column.as_ref())
}

/// Whether the same call may succeed later on.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_is_retryable(error: *const vecsink_error) -> bool {
    ask(false, || handle::get::<ShownError>(error).is_ok_and(|shown| shown.retryable))
}

/// Whether rows that were accepted before may or may not be in the database.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_is_in_doubt(error: *const vecsink_error) -> bool {
    ask(false, || handle::get::<ShownError>(error).is_ok_and(|shown| shown.in_doubt))
}

/// Where it happened: topic, partition and offset of a record; "push:" and the stream's name, 0 and the sequence of a
/// pushed row. The topic lives as long as the error. Returns false and writes nothing if the error has no position.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_error_position(
    error: *const vecsink_error,
    topic: *mut *const c_char,
    partition: *mut i32,
    offset: *mut i64,
) -> bool {
    ask(false, || {
        let Ok(shown) = handle::get::<ShownError>(error) else { return false };
        let Some((name, number, at)) = &shown.position else { return false };
        // SAFETY: the caller's pointers are NULL or valid, as the header asks.
        unsafe {
            write(topic, name.as_ptr());
            write(partition, *number);
            write(offset, *at);
        }
        true
    })
}

/// For a batch: how many of its first rows were accepted before the error. Push the others again.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_accepted(error: *const vecsink_error) -> usize {
    ask(0, || handle::get::<ShownError>(error).map_or(0, |shown| shown.accepted))
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_free(error: *mut vecsink_error) {
    ask((), || drop(handle::take::<ShownError>(error)));
}

fn text(error: *const vecsink_error, of: impl FnOnce(&ShownError) -> Option<&CString>) -> *const c_char {
    ask(ptr::null(), || {
        let shown = handle::get::<ShownError>(error).ok();
        shown.as_deref().and_then(of).map_or(ptr::null(), |text| text.as_ptr())
    })
}

unsafe fn write<T>(to: *mut T, value: T) {
    if !to.is_null() && to.is_aligned() {
        // SAFETY: the pointer isn't NULL and is aligned; the caller promises the rest.
        unsafe { to.write(value) };
    }
}
