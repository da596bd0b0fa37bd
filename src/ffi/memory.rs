//! Checks the host's memory before it is read or written, as far as that is possible.

use std::ffi::{CStr, CString, c_char};
use std::fmt::Display;
use std::mem::MaybeUninit;

use super::call_error::CallError;
use super::code::VECSINK_INVALID_UTF8;

/// `length` elements at `data`.
///
/// # Safety
/// Unless this returns an error, the memory must be initialized and stay unchanged for `'a`.
pub unsafe fn slice<'a, T>(data: *const T, length: usize, what: impl Display) -> Result<&'a [T], CallError> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(CallError::argument(format!("{what} is NULL, with a length of {length}")));
    }
    if !data.is_aligned() {
        let align = align_of::<T>();
        return Err(CallError::argument(format!("{what} is not aligned: its address must be a multiple of {align}")));
    }
    let bytes = length.checked_mul(size_of::<T>()).filter(|bytes| *bytes <= isize::MAX as usize);
    if bytes.and_then(|bytes| data.addr().checked_add(bytes)).is_none() {
        return Err(CallError::argument(format!(
            "{what} can't have {length} elements: they would be larger than the address space"
        )));
    }
    // SAFETY: the pointer isn't NULL, is aligned, and the length is possible; the caller promises the rest.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// Text that ends with a NUL.
///
/// # Safety
/// As for [`slice`]; `text` is NULL or has a NUL.
pub unsafe fn text<'a>(text: *const c_char, what: impl Display) -> Result<&'a str, CallError> {
    if text.is_null() {
        return Err(CallError::argument(format!("{what} is NULL")));
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(text) };
    utf8(text.to_bytes(), what)
}

pub fn utf8(bytes: &[u8], what: impl Display) -> Result<&str, CallError> {
    // The quick check doesn't say where the error is.
    simdutf8::basic::from_utf8(bytes).or_else(|_| {
        std::str::from_utf8(bytes)
            .map_err(|error| CallError::new(VECSINK_INVALID_UTF8, format!("{what} is not UTF-8: {error}")))
    })
}

/// Text for C. A NUL would end it early, so each becomes U+FFFD.
pub fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

/// A place for a result.
///
/// # Safety
/// The pointer is NULL or may be written for `'a`.
pub unsafe fn place<'a, T>(to: *mut T, what: impl Display) -> Result<&'a mut MaybeUninit<T>, CallError> {
    // SAFETY: as the caller promises.
    unsafe { optional_place(to, &what) }?.ok_or_else(|| CallError::argument(format!("{what} is NULL")))
}

/// A place for a result that the host may not be interested in.
///
/// # Safety
/// As for [`place`].
pub unsafe fn optional_place<'a, T>(
    to: *mut T,
    what: impl Display,
) -> Result<Option<&'a mut MaybeUninit<T>>, CallError> {
    if !to.is_null() && !to.is_aligned() {
        return Err(CallError::argument(format!("{what} is not aligned")));
    }
    // SAFETY: NULL or aligned, and writable as the caller promises.
    Ok(unsafe { to.cast::<MaybeUninit<T>>().as_mut() })
}
