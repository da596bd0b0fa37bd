//! The codes that calls return.

use std::ffi::{CStr, c_char};

/// The result of a call. The numbers never change; new ones are only added.
pub type vecsink_code = i32;

/// The call was successful.
pub const VECSINK_OK: vecsink_code = 0;
/// An argument is wrong: NULL, a wrong length, an index out of range, an unknown number, a struct of unknown size …
pub const VECSINK_INVALID_ARGUMENT: vecsink_code = 1;
/// The handle was freed, or is of another kind.
pub const VECSINK_INVALID_HANDLE: vecsink_code = 2;
/// A text is not UTF-8.
pub const VECSINK_INVALID_UTF8: vecsink_code = 3;
/// Options or SQL are wrong: the message has all errors, one per line. Nothing was opened.
pub const VECSINK_CONFIG: vecsink_code = 4;
/// Kafka can't be reached, has refused a request, or doesn't have the topic.
pub const VECSINK_SOURCE: vecsink_code = 5;
/// The database can't be reached, has refused something, or doesn't have what is needed: see vecsink_error_sqlstate.
pub const VECSINK_TARGET: vecsink_code = 6;
/// 'exceptionmode' or 'conflictmode' is 'strict', and a row can't be written: see vecsink_error_position.
pub const VECSINK_STRICT: vecsink_code = 7;
/// The dead-letter target can't be written.
pub const VECSINK_DEAD_LETTER: vecsink_code = 8;
/// A job ended before everything was written. Nothing is lost: the rest is read again.
pub const VECSINK_STOPPED: vecsink_code = 9;
/// A sink was closed before everything was written; the rest is in doubt.
pub const VECSINK_NOT_DURABLE: vecsink_code = 10;
/// There is no room now. The row was not accepted; try again.
pub const VECSINK_WOULD_BLOCK: vecsink_code = 11;
/// The time-out was over before the call had done its work; try again.
pub const VECSINK_TIMED_OUT: vecsink_code = 12;
/// The table could never store this row.
pub const VECSINK_REJECTED: vecsink_code = 13;
/// The row or batch doesn't have the sink's columns, or the sink takes no such push: a delete, or a row without a number of the
/// host's own.
pub const VECSINK_SHAPE: vecsink_code = 14;
/// The sequence number is below the next one.
pub const VECSINK_OUT_OF_ORDER: vecsink_code = 15;
/// The sink was closed.
pub const VECSINK_CLOSED: vecsink_code = 16;
/// The sink has failed, as the message says; rows from vecsink_sink_durable on are in doubt.
pub const VECSINK_FAILED: vecsink_code = 17;
/// Another process, or another sink, has opened this stream.
pub const VECSINK_FENCED: vecsink_code = 18;
/// The library was built without a feature that the call needs (Kafka, Arrow).
pub const VECSINK_UNSUPPORTED: vecsink_code = 19;
/// The handle belongs to the parent of this process.
pub const VECSINK_FORKED: vecsink_code = 20;
/// A callback must not make this call.
pub const VECSINK_IN_CALLBACK: vecsink_code = 21;
/// A bug of the library; please report it.
pub const VECSINK_INTERNAL: vecsink_code = 22;
/// There is no memory now for a large row or value.
pub const VECSINK_OUT_OF_MEMORY: vecsink_code = 23;

const NAMES: [&CStr; 24] = [
    c"VECSINK_OK",
    c"VECSINK_INVALID_ARGUMENT",
    c"VECSINK_INVALID_HANDLE",
    c"VECSINK_INVALID_UTF8",
    c"VECSINK_CONFIG",
    c"VECSINK_SOURCE",
    c"VECSINK_TARGET",
    c"VECSINK_STRICT",
    c"VECSINK_DEAD_LETTER",
    c"VECSINK_STOPPED",
    c"VECSINK_NOT_DURABLE",
    c"VECSINK_WOULD_BLOCK",
    c"VECSINK_TIMED_OUT",
    c"VECSINK_REJECTED",
    c"VECSINK_SHAPE",
    c"VECSINK_OUT_OF_ORDER",
    c"VECSINK_CLOSED",
    c"VECSINK_FAILED",
    c"VECSINK_FENCED",
    c"VECSINK_UNSUPPORTED",
    c"VECSINK_FORKED",
    c"VECSINK_IN_CALLBACK",
    c"VECSINK_INTERNAL",
    c"VECSINK_OUT_OF_MEMORY",
];

/// The code's name, such as "VECSINK_TIMED_OUT"; "VECSINK_UNKNOWN" for a number that is not a code. Static.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_code_name(code: vecsink_code) -> *const c_char {
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).unwrap_or(&c"VECSINK_UNKNOWN").as_ptr()
}
