//! Error codes, and the object that says more.

use std::ffi::{CString, c_char};
use std::ptr;

use super::handle::{self, HandleKind};
use super::panic::ask;
use crate::error::{Error, Rejection};
use crate::host::sink::{BatchError, PushError};

/// What a call came to. The numbers never change; new ones are only added.
pub type vecsink_code = i32;

pub const VECSINK_OK: vecsink_code = 0;
/// NULL, a wrong length, an index out of range, a number that is none of an enumeration's, a struct of unknown size …
pub const VECSINK_INVALID_ARGUMENT: vecsink_code = 1;
/// The handle was freed, or is of another kind.
pub const VECSINK_INVALID_HANDLE: vecsink_code = 2;
pub const VECSINK_INVALID_UTF8: vecsink_code = 3;
/// Options or SQL are wrong: the message has all errors, one a line. Nothing was opened.
pub const VECSINK_CONFIG: vecsink_code = 4;
/// Kafka refused or lacks something.
pub const VECSINK_SOURCE: vecsink_code = 5;
/// The database refused or lacks something; vecsink_error_sqlstate.
pub const VECSINK_TARGET: vecsink_code = 6;
/// 'exceptionmode' or 'conflictmode' is 'strict' and a row was refused; vecsink_error_position.
pub const VECSINK_STRICT: vecsink_code = 7;
/// The dead-letter target can't be written.
pub const VECSINK_DEAD_LETTER: vecsink_code = 8;
/// A job ended before everything was written. Nothing is lost: the rest is read again.
pub const VECSINK_STOPPED: vecsink_code = 9;
/// A sink was closed before everything was written; the rest is in doubt.
pub const VECSINK_NOT_DURABLE: vecsink_code = 10;
/// No room now. The row is the caller's; try again.
pub const VECSINK_WOULD_BLOCK: vecsink_code = 11;
/// Not in the time given; try again.
pub const VECSINK_TIMED_OUT: vecsink_code = 12;
/// The table could never store this row.
pub const VECSINK_REJECTED: vecsink_code = 13;
/// The row or batch doesn't have the sink's columns.
pub const VECSINK_SHAPE: vecsink_code = 14;
/// The sequence number is below the next one.
pub const VECSINK_OUT_OF_ORDER: vecsink_code = 15;
pub const VECSINK_CLOSED: vecsink_code = 16;
/// The sink has failed, as the message says; rows from vecsink_sink_durable on are in doubt.
pub const VECSINK_FAILED: vecsink_code = 17;
/// Another process, or another sink, has opened this stream.
pub const VECSINK_FENCED: vecsink_code = 18;
/// The library was built without it (Kafka, Arrow).
pub const VECSINK_UNSUPPORTED: vecsink_code = 19;
/// The handle belongs to the parent of this process.
pub const VECSINK_FORKED: vecsink_code = 20;
/// Not allowed from a callback.
pub const VECSINK_IN_CALLBACK: vecsink_code = 21;
/// A bug of the library; please report it.
pub const VECSINK_INTERNAL: vecsink_code = 22;
/// The memory for a large row or value can't be had now.
pub const VECSINK_OUT_OF_MEMORY: vecsink_code = 23;

const NAMES: [&std::ffi::CStr; 24] = [
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

/// Why a call failed. Free it with vecsink_error_free.
pub struct vecsink_error(());

/// Why a call fails, on its way to the host.
#[derive(Debug)]
pub struct CallError {
    pub code: vecsink_code,
    message: String,
    sqlstate: Option<String>,
    column: Option<String>,
    retryable: bool,
    in_doubt: bool,
    position: Option<(String, i32, i64)>,
    accepted: usize,
}

impl CallError {
    /// Why closing a sink failed. Whatever the reason, rows that were accepted are not known to be durable.
    pub fn of_close(error: Error) -> Self {
        CallError { in_doubt: true, ..CallError::from(error) }
    }

    pub fn new(code: vecsink_code, message: impl Into<String>) -> CallError {
        CallError {
            code,
            message: message.into(),
            sqlstate: None,
            column: None,
            retryable: false,
            in_doubt: false,
            position: None,
            accepted: 0,
        }
    }

    #[cold]
    pub fn argument(message: impl Into<String>) -> CallError {
        CallError::new(VECSINK_INVALID_ARGUMENT, message)
    }

    #[cold]
    pub fn handle(message: String) -> CallError {
        CallError::new(VECSINK_INVALID_HANDLE, message)
    }

    #[cold]
    pub fn forked(kind: &str) -> CallError {
        CallError::new(
            VECSINK_FORKED,
            format!("the {kind} belongs to the process that this one is a fork of; open one here"),
        )
    }

    #[cold]
    pub fn internal(message: String) -> CallError {
        CallError::new(VECSINK_INTERNAL, message)
    }

    #[cold]
    pub fn timed_out(what: &str) -> CallError {
        CallError { retryable: true, ..CallError::new(VECSINK_TIMED_OUT, format!("{what} within the time given")) }
    }

    /// What ended a sink earlier, told by a call that isn't its close.
    pub fn failed(error: Error) -> CallError {
        match error {
            Error::NotDurable { .. } | Error::NeverPushed { .. } => error.into(),
            error => PushError::Failed(error).into(),
        }
    }

    pub fn out_of_memory(bytes: usize) -> CallError {
        PushError::OutOfMemory { bytes }.into()
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    fn rejected(self, rejection: Rejection) -> CallError {
        CallError { sqlstate: rejection.sqlstate, column: rejection.column, ..self }
    }
}

impl From<Error> for CallError {
    fn from(error: Error) -> CallError {
        let code = match &error {
            Error::Config(_) => VECSINK_CONFIG,
            Error::Source(_) => VECSINK_SOURCE,
            Error::Target { .. } => VECSINK_TARGET,
            Error::Strict { .. } => VECSINK_STRICT,
            Error::DeadLetter(_) => VECSINK_DEAD_LETTER,
            Error::Stopped => VECSINK_STOPPED,
            Error::NotDurable { .. } => VECSINK_NOT_DURABLE,
            Error::NeverPushed { .. } => VECSINK_CLOSED,
            Error::Fenced(_) => VECSINK_FENCED,
            Error::Internal(_) => VECSINK_INTERNAL,
        };
        let fault = CallError {
            retryable: error.is_retryable(),
            in_doubt: error.is_in_doubt(),
            ..CallError::new(code, error.to_string())
        };
        match error {
            Error::Target { sqlstate, .. } => CallError { sqlstate, ..fault },
            Error::Strict { position, rejection, .. } => {
                let position = Some((position.topic.to_string(), position.partition, position.offset));
                CallError { position, ..fault.rejected(rejection) }
            }
            _ => fault,
        }
    }
}

impl From<PushError> for CallError {
    fn from(error: PushError) -> CallError {
        let code = match &error {
            PushError::WouldBlock => VECSINK_WOULD_BLOCK,
            PushError::TimedOut => VECSINK_TIMED_OUT,
            PushError::OutOfMemory { .. } => VECSINK_OUT_OF_MEMORY,
            PushError::Rejected(_) => VECSINK_REJECTED,
            PushError::Shape(_) => VECSINK_SHAPE,
            PushError::OutOfOrder { .. } => VECSINK_OUT_OF_ORDER,
            PushError::Closed => VECSINK_CLOSED,
            PushError::Failed(Error::Fenced(_)) => VECSINK_FENCED,
            PushError::Failed(_) => VECSINK_FAILED,
        };
        let fault = CallError {
            retryable: error.is_retryable(),
            in_doubt: error.is_in_doubt(),
            ..CallError::new(code, error.to_string())
        };
        match error {
            PushError::Rejected(rejection) => fault.rejected(rejection),
            PushError::Failed(cause) => {
                let cause = CallError::from(cause);
                CallError { sqlstate: cause.sqlstate, column: cause.column, position: cause.position, ..fault }
            }
            _ => fault,
        }
    }
}

impl From<BatchError> for CallError {
    fn from(error: BatchError) -> CallError {
        let message = error.to_string();
        CallError { message, accepted: error.accepted, ..error.error.into() }
    }
}

/// What the host gets to see of a fault.
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

/// Text for C: it ends at the first NUL, which no text of ours has.
pub fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
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

/// The code's name, "VECSINK_TIMED_OUT"; "VECSINK_UNKNOWN" for a number that is none. Static.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_code_name(code: vecsink_code) -> *const c_char {
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).unwrap_or(&c"VECSINK_UNKNOWN").as_ptr()
}

/// VECSINK_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_code(error: *const vecsink_error) -> vecsink_code {
    if error.is_null() {
        return VECSINK_OK;
    }
    ask(VECSINK_INVALID_HANDLE, || handle::get::<ShownError>(error).map_or_else(|fault| fault.code, |shown| shown.code))
}

/// What happened, where, and what to do. Lives as long as the error; never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_message(error: *const vecsink_error) -> *const c_char {
    if error.is_null() {
        return c"".as_ptr();
    }
    let unknown = c"this is not a vecsink_error, or it was freed".as_ptr();
    ask(unknown, || handle::get::<ShownError>(error).map_or(unknown, |shown| shown.message.as_ptr()))
}

/// The database's error code, "23505"; NULL when the error isn't the database's. Lives as long as the error.
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
/// pushed row. The topic lives as long as the error. false: the error has no place, and nothing is written.
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

/// Of a batch: how many rows from its start on were accepted before the error. Push the rest again.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_error_accepted(error: *const vecsink_error) -> usize {
    ask(0, || handle::get::<ShownError>(error).map_or(0, |shown| shown.accepted))
}

/// NULL is fine.
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
        // SAFETY: checked as far as it can be; the rest is the caller's promise.
        unsafe { to.write(value) };
    }
}
