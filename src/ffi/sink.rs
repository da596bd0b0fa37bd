//! Sinks: pushing rows, and how far they have come.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::Arc;

use bumpalo::Bump;
use parking_lot::Mutex;

use super::callback::{check_may_end, check_may_use};
use super::column::{self, vecsink_column};
use super::error::{CallError, VECSINK_SHAPE, c_string, vecsink_code, vecsink_error};
use super::handle::{self, HandleKind};
use super::memory::{optional_place, slice, text};
use super::panic::{ask, call};
use super::process::Open;
use super::row::{RowObject, vecsink_row};
use super::scratch;
use super::stats::{StatsTarget, vecsink_stats};
use super::time::{timeout, wait};
use super::value::{ValueReader, vecsink_value};
use crate::host::sink::{BatchError, Push, Pushed, Sink};
use crate::types::value::Value;

/// An open table that rows are pushed into. All functions but vecsink_sink_free may be called from any number of threads at
/// once. Free it with vecsink_sink_free.
pub struct vecsink_sink(());

pub struct SinkObject {
    pub sink: Sink,
    columns: Vec<CString>,
    key: Vec<CString>,
    /// Until it is closed.
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

/// The sink, for whatever uses it.
pub fn get(sink: *const vecsink_sink) -> Result<Arc<SinkObject>, CallError> {
    check_may_use()?;
    handle::get(sink)
}

/// As a sequence: the next number.
pub const VECSINK_NEXT: u64 = u64::MAX;

fn push_as(sequence: u64, timeout_ms: i64) -> Push {
    Push { sequence: (sequence != VECSINK_NEXT).then_some(sequence), wait: wait(timeout_ms) }
}

/// How far the push of a batch came, also when it failed. Without rows, first and last mean nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_pushed {
    /// The number of the batch's first row.
    pub first: u64,
    /// And of its last one that was accepted.
    pub last: u64,
    /// Rows that were accepted, from the batch's start on.
    pub rows: usize,
    /// How many of them can't be stored: the rejected callback is told which, and the dead letters have them.
    pub rejected: usize,
}

impl From<&Result<Pushed, BatchError>> for vecsink_pushed {
    fn from(outcome: &Result<Pushed, BatchError>) -> vecsink_pushed {
        let (numbers, rows, rejected) = match outcome {
            Ok(pushed) => (pushed.numbers, pushed.rows, pushed.rejected),
            Err(error) => (error.first.zip(error.last), error.accepted, error.rejected),
        };
        let (first, last) = numbers.unwrap_or_default();
        vecsink_pushed { first, last, rows, rejected }
    }
}

/// The columns that rows have.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_column_count(sink: *const vecsink_sink) -> usize {
    ask(0, || get(sink).map_or(0, |object| object.columns.len()))
}

/// A column's name; NULL beyond the end. Lives as long as the sink.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_column_name(sink: *const vecsink_sink, index: usize) -> *const c_char {
    name(sink, |object| object.columns.get(index))
}

/// The place of a column; -1: the sink doesn't have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_column_index(sink: *const vecsink_sink, name: *const c_char) -> isize {
    ask(-1, || {
        // SAFETY: as the header asks.
        let (Ok(object), Ok(name)) = (get(sink), (unsafe { text(name, "the column's name") })) else { return -1 };
        let found = object.sink.columns().iter().position(|column| column == name);
        found.and_then(|index| isize::try_from(index).ok()).unwrap_or(-1)
    })
}

/// The columns of the key, in the order that vecsink_sink_delete takes them; 0: there is no key.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_key_count(sink: *const vecsink_sink) -> usize {
    ask(0, || get(sink).map_or(0, |object| object.key.len()))
}

/// The name of a column of the key; NULL beyond the end. Lives as long as the sink.
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

/// Pushes one row: a value for each of the sink's columns, in their order. Waits for room at most timeout_ms (less than 0:
/// as long as it takes; 0: VECSINK_WOULD_BLOCK at once). sequence is VECSINK_NEXT or a number of the host's own, above all
/// before; *out_sequence becomes the row's number. The row is copied; it is in the database once vecsink_sink_durable is
/// above its number. A push from a callback of the sink waits like any other. But it gives VECSINK_WOULD_BLOCK when the room is
/// taken by rejected rows that wait for their callback, which can't be called before this one returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_push(
    sink: *mut vecsink_sink,
    values: *const vecsink_value,
    count: usize,
    sequence: u64,
    timeout_ms: i64,
    out_sequence: *mut u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let numbered = unsafe { optional_place(out_sequence, "the place for the sequence") }?;
        let object = get(sink)?;
        scratch::with(|arena| {
            // SAFETY: as above.
            let values = unsafe { read(values, count, object.sink.columns(), arena) }?;
            let number = object.sink.push_with(values, push_as(sequence, timeout_ms))?;
            numbered.map(|to| to.write(number));
            Ok(())
        })
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Deletes the row with this key, whose values stand in the order of vecsink_sink_key_name; that there is none is no error.
/// The sink must have been opened with vecsink_sink_builder_deletes. Else as vecsink_sink_push.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_delete(
    sink: *mut vecsink_sink,
    key: *const vecsink_value,
    count: usize,
    sequence: u64,
    timeout_ms: i64,
    out_sequence: *mut u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let numbered = unsafe { optional_place(out_sequence, "the place for the sequence") }?;
        let object = get(sink)?;
        scratch::with(|arena| {
            // SAFETY: as above.
            let key = unsafe { read(key, count, object.sink.key(), arena) }?;
            let number = object.sink.delete_with(key, push_as(sequence, timeout_ms))?;
            numbered.map(|to| to.write(number));
            Ok(())
        })
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Pushes a row that was filled before. Else as vecsink_sink_push.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_push_row(
    sink: *mut vecsink_sink,
    row: *const vecsink_row,
    sequence: u64,
    timeout_ms: i64,
    out_sequence: *mut u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let numbered = unsafe { optional_place(out_sequence, "the place for the sequence") }?;
        let object = get(sink)?;
        let row = handle::get::<RowObject>(row)?;
        let number = object.sink.push_with(&*row.lock()?, push_as(sequence, timeout_ms))?;
        numbered.map(|to| to.write(number));
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// The values of a row. Of another number than the columns none is looked at.
unsafe fn read<'a>(
    values: *const vecsink_value,
    count: usize,
    columns: &[String],
    arena: &'a Bump,
) -> Result<&'a [Value<'a>], CallError> {
    if count != columns.len() {
        let named = columns.join(", ");
        return Err(CallError::new(
            VECSINK_SHAPE,
            format!("{count} values were given for {} columns: {named}", columns.len()),
        ));
    }
    // SAFETY: as the caller promises.
    let values = unsafe { slice(values, count, "the row's values") }?;
    let row = arena.alloc_slice_fill_copy(count, Value::Null);
    let mut reader = ValueReader::new(arena);
    for ((to, value), column) in row.iter_mut().zip(values).zip(columns) {
        // SAFETY: as the caller promises.
        *to = unsafe { reader.read(value, &format_args!("column {column}")) }?;
    }
    Ok(row)
}

/// Pushes rows columns[0..column_count], which have `rows` rows each, in their order; nothing is copied before it is
/// encoded. A row that can't be stored costs only itself, unless 'exceptionmode' is 'strict': then the batch ends before
/// it, with VECSINK_REJECTED. With a sequence of the host's own, rows are numbered from it on. When there is no more room
/// in time, the rows accepted so far stay accepted: *pushed says how many, push the rest again. The same happens when the batch
/// itself takes longer than timeout_ms (with 0: than half a second), for example because many of its rows are rejected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_push_batch(
    sink: *mut vecsink_sink,
    columns: *const vecsink_column,
    column_count: usize,
    rows: usize,
    sequence: u64,
    timeout_ms: i64,
    pushed: *mut vecsink_pushed,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let pushed = unsafe { optional_place(pushed, "the vecsink_pushed") }?.map(nothing_yet);
        let object = get(sink)?;
        let arena = Bump::new();
        // SAFETY: as above.
        let columns = unsafe {
            slice(columns, column::checked_count(column_count, "the batch has no columns")?, "the array of columns")
        }?;
        // SAFETY: as above.
        let batch = unsafe { column::read(columns, rows, &arena) }?;
        report(object.sink.push_batch_with(&batch, push_as(sequence, timeout_ms)), pushed)
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

pub fn nothing_yet(to: &mut std::mem::MaybeUninit<vecsink_pushed>) -> &mut vecsink_pushed {
    to.write(vecsink_pushed { first: 0, last: 0, rows: 0, rejected: 0 })
}

#[cfg(feature = "arrow")]
pub fn push_arrow(
    object: &SinkObject,
    batch: &crate::host::Columns<'_>,
    (sequence, timeout_ms): (u64, i64),
    pushed: Option<&mut vecsink_pushed>,
) -> Result<(), CallError> {
    report(object.sink.push_batch_with(batch, push_as(sequence, timeout_ms)), pushed)
}

fn report(outcome: Result<Pushed, BatchError>, pushed: Option<&mut vecsink_pushed>) -> Result<(), CallError> {
    if let Some(to) = pushed {
        *to = (&outcome).into();
    }
    outcome.map(drop).map_err(CallError::from)
}

/// The first number that isn't durable yet: every row below it is committed, was left out by the conflict mode, or was
/// rejected. 0 for a handle that is none.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_durable(sink: *const vecsink_sink) -> u64 {
    ask(0, || get(sink).map_or(0, |object| object.sink.durable()))
}

/// Of a named stream, the number from which on to push again what was pushed before the sink was opened: everything below
/// is durable. 0 for a new stream, and without a name.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_resume_position(sink: *const vecsink_sink) -> u64 {
    ask(0, || get(sink).map_or(0, |object| object.sink.resume_position()))
}

/// Waits until the row with this number is durable, which another thread may have yet to push. VECSINK_TIMED_OUT when it
/// wasn't in time. When it never will be: VECSINK_FAILED or VECSINK_FENCED of a sink that has failed, of a closed one
/// VECSINK_NOT_DURABLE, and VECSINK_CLOSED when the row wasn't pushed at all.
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
            return Err(CallError::argument("VECSINK_NEXT is the number of no row: give the one that a push gave"));
        }
        match object.sink.wait_durable(sequence, timeout(timeout_ms)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CallError::timed_out("the row was not durable")),
            Err(failure) => Err(CallError::failed(failure)),
        }
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Writes at once what was pushed, and waits until all of it is durable. Codes as of vecsink_sink_wait_durable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_flush(
    sink: *mut vecsink_sink,
    timeout_ms: i64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || match get(sink)?.sink.flush(timeout(timeout_ms)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CallError::timed_out("not all rows were durable")),
        Err(failure) => Err(CallError::failed(failure)),
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// What the sink has done and is doing; also after it was closed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_stats(
    sink: *const vecsink_sink,
    stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = unsafe { StatsTarget::new(stats) }?;
        place.fill(get(sink)?.sink.stats());
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Takes no more rows, writes what was pushed, makes the last callbacks and ends the sink's threads and connections.
/// VECSINK_OK: everything is durable. VECSINK_NOT_DURABLE: that took longer than deadline_ms, the rest was abandoned and is
/// in doubt. Any other code: why the sink failed. Closing again gives the same answer. While another thread closes the sink, this
/// call waits for it, until the deadline. Returns within a second of the deadline, whatever the server does. If a callback still
/// runs then, this call doesn't wait for it, and no more callbacks are made: what the callback uses must live until it returns.
/// last_stats may be NULL. The sink must still be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_close(
    sink: *mut vecsink_sink,
    deadline_ms: i64,
    last_stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = if last_stats.is_null() { None } else { Some(unsafe { StatsTarget::new(last_stats) }?) };
        check_may_end()?;
        let object = get(sink)?;
        let outcome = object.sink.close(timeout(deadline_ms));
        object.open.lock().take();
        if let Some(place) = place {
            place.fill(object.sink.stats());
        }
        outcome.map(drop).map_err(CallError::of_close)
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Frees a sink; one that is open is closed first, within 5 s, and what is not written then is logged. Other threads' calls
/// of this sink must be over. NULL is fine. From a callback it does nothing but log an error.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_free(sink: *mut vecsink_sink) {
    ask((), || {
        if sink.is_null() {
            return;
        }
        if let Err(refused) = check_may_end() {
            log::error!("vecsink_sink_free: {}", refused.message());
            return;
        }
        if let Ok(object) = handle::take::<SinkObject>(sink) {
            // A call of another thread, though it shouldn't, may have the object: it finds it closed.
            object.sink.drop_open();
        }
    });
}
