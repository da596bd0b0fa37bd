//! Sinks: their columns, how far their rows have come, and their end.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::call::call;
use super::call_error::CallError;
use super::callback::{check_may_end, check_may_use};
use super::code::vecsink_code;
use super::error::vecsink_error;
use super::handle::{self, HandleKind};
use super::memory::{c_string, text};
use super::panic::ask;
use super::process::Open;
use super::stats::{StatsPlace, vecsink_stats};
use super::time::timeout;
use crate::host::sink::Sink;

/// An open table that rows are pushed into. All functions but vecsink_sink_free may be called from any number of threads at
/// once. Free it with vecsink_sink_free.
pub struct vecsink_sink(());

pub struct SinkObject {
    pub sink: Sink,
    columns: Vec<CString>,
    key: Vec<CString>,
    /// Is dropped when the sink is closed.
    open: Mutex<Option<Open>>,
}

impl HandleKind for SinkObject {
    type Public = vecsink_sink;
    const NAME: &'static str = "vecsink_sink";
}

impl SinkObject {
    pub fn new(sink: Sink, open: Open) -> SinkObject {
        let c_strings = |names: &[String]| names.iter().map(|name| c_string(name)).collect();
        SinkObject {
            columns: c_strings(sink.columns()),
            key: c_strings(sink.key()),
            sink,
            open: Mutex::new(Some(open)),
        }
    }
}

/// A value for `sequence`: the row gets the next number.
pub const VECSINK_NEXT: u64 = u64::MAX;

/// The sink of a handle, for a call that uses it.
pub fn get(sink: *const vecsink_sink) -> Result<Arc<SinkObject>, CallError> {
    check_may_use()?;
    handle::get(sink)
}

/// The number of columns that rows have.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_column_count(sink: *const vecsink_sink) -> usize {
    ask(0, || get(sink).map_or(0, |object| object.columns.len()))
}

/// A column's name; NULL beyond the end. Lives as long as the sink.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_column_name(sink: *const vecsink_sink, index: usize) -> *const c_char {
    name(sink, |object| object.columns.get(index))
}

/// The index of a column; -1 if the sink doesn't have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_column_index(sink: *const vecsink_sink, name: *const c_char) -> isize {
    ask(-1, || {
        // SAFETY: as the header asks.
        let (Ok(object), Ok(name)) = (get(sink), (unsafe { text(name, "the column's name") })) else { return -1 };
        let found = object.sink.columns().iter().position(|column| column == name);
        found.and_then(|index| isize::try_from(index).ok()).unwrap_or(-1)
    })
}

/// The number of columns of the key. 0: the table has no key.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_key_count(sink: *const vecsink_sink) -> usize {
    ask(0, || get(sink).map_or(0, |object| object.key.len()))
}

/// The name of a column of the key, in the order in which vecsink_sink_delete takes them; NULL beyond the end. Lives as long as
/// the sink.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_key_name(sink: *const vecsink_sink, index: usize) -> *const c_char {
    name(sink, |object| object.key.get(index))
}

fn name(sink: *const vecsink_sink, of: impl FnOnce(&SinkObject) -> Option<&CString>) -> *const c_char {
    ask(ptr::null(), || {
        let object = get(sink).ok();
        object.as_deref().and_then(of).map_or(ptr::null(), |name| name.as_ptr())
    })
}

/// The first number that isn't durable yet: every row below it is committed, was left out by the conflict mode, or
/// was rejected. 0 for an invalid handle.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_durable(sink: *const vecsink_sink) -> u64 {
    ask(0, || get(sink).map_or(0, |object| object.sink.durable()))
}

/// The first row of a named stream that must be pushed again: all rows below this number are durable. 0 for a new
/// stream, and for a sink without a stream name. Rows below it that are pushed again are dropped, and counted as rows_repeated.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_resume_position(sink: *const vecsink_sink) -> u64 {
    ask(0, || get(sink).map_or(0, |object| object.sink.resume_position()))
}

/// Waits until the row with this number is durable. The row may be one that another thread has not pushed yet.
/// VECSINK_TIMED_OUT: it isn't durable in time. If it never will be: VECSINK_FAILED or VECSINK_FENCED when the sink
/// has failed, VECSINK_NOT_DURABLE when it was closed, and VECSINK_CLOSED when it was closed and the row was never
/// pushed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_wait_durable(
    sink: *mut vecsink_sink,
    sequence: u64,
    timeout_ms: i64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let object = get(sink)?;
        if sequence == VECSINK_NEXT {
            return Err(CallError::argument(
                "VECSINK_NEXT is not the number of a row: give the number that the push returned",
            ));
        }
        object.sink.wait_durable(sequence, timeout(timeout_ms)).map_err(CallError::failed)
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Writes all pushed rows at once, and waits until they are durable. The codes are those of
/// vecsink_sink_wait_durable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_flush(
    sink: *mut vecsink_sink,
    timeout_ms: i64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || get(sink)?.sink.flush(timeout(timeout_ms)).map_err(CallError::failed);
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// The figures of the sink, while it is open and after it was closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_stats(
    sink: *const vecsink_sink,
    stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = unsafe { StatsPlace::new(stats) }?;
        place.fill(get(sink)?.sink.stats());
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Accepts no more rows, writes the rows that were pushed, makes the last callbacks and ends the sink's threads and
/// connections. VECSINK_OK: all rows are durable. VECSINK_NOT_DURABLE: this took longer than deadline_ms, and the
/// rest was abandoned and is in doubt. Any other code: why the sink failed. Closing again returns the same code.
/// While another thread closes the sink, this call waits for it, until the deadline. Returns within a second of the
/// deadline, whatever the server does. If a callback still runs then, this call doesn't wait for it, and no more
/// callbacks are made: what the callback uses must live until it returns. last_stats may be NULL. The sink must still
/// be freed. With VECSINK_VECTOR_INDEX_DEFER this call also builds the vector indexes that the sink has dropped. If the deadline
/// ends the build, all rows are durable, the code is VECSINK_TARGET, and the next sink of the table builds the indexes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_close(
    sink: *mut vecsink_sink,
    deadline_ms: i64,
    last_stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = if last_stats.is_null() { None } else { Some(unsafe { StatsPlace::new(last_stats) }?) };
        check_may_end()?;
        let object = get(sink)?;
        let outcome = object.sink.close(timeout(deadline_ms));
        object.open.lock().take();
        if let Some(place) = place {
            place.fill(object.sink.stats());
        }
        outcome.map(drop).map_err(|error| CallError::of_close(error, object.sink.all_durable()))
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Frees a sink. An open sink is closed first, within 5 s; if rows are not written by then, that is logged. No other thread
/// may be in a call of this sink. NULL is fine. From a callback it only logs an error.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_free(sink: *mut vecsink_sink) {
    ask((), || {
        if sink.is_null() {
            return;
        }
        if let Err(refused) = check_may_end() {
            log::error!("vecsink_sink_free: {}", refused.message);
            return;
        }
        if let Ok(object) = handle::take::<SinkObject>(sink) {
            // A call of another thread may still use the object, although the header forbids it. Such a call finds the sink closed.
            object.sink.drop_open();
        }
    });
}
