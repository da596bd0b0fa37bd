//! Pushing rows, and deleting them.

use bumpalo::Bump;

use super::call::call;
use super::call_error::CallError;
use super::code::{VECSINK_SHAPE, vecsink_code};
use super::column::{self, vecsink_column};
use super::error::vecsink_error;
use super::handle;
use super::memory::{optional_place, slice};
use super::row::{RowObject, vecsink_row};
use super::scratch;
use super::sink::{self, SinkObject, VECSINK_NEXT, vecsink_sink};
use super::time::wait;
use super::value::{ValueReader, vecsink_value};
use crate::host::Columns;
use crate::host::sink::{BatchError, Push, Pushed};
use crate::types::value::Value;

fn push_as(sequence: u64, timeout_ms: i64) -> Push {
    Push { sequence: (sequence != VECSINK_NEXT).then_some(sequence), wait: wait(timeout_ms) }
}

/// How much of a batch was accepted, also when the push failed. If `rows` is 0, `first` and `last` mean nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct vecsink_pushed {
    /// The number of the batch's first row.
    pub first: u64,
    /// The number of its last row that was accepted.
    pub last: u64,
    /// How many rows, from the batch's start on, were accepted.
    pub rows: usize,
    /// How many of them can't be stored. The rejected callback is called for each, and the dead-letter target, if the sink
    /// has one, keeps each.
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

/// Pushes one row: a value for each of the sink's columns, in their order. Waits for room for timeout_ms at most
/// (less than 0: without end; 0: VECSINK_WOULD_BLOCK at once). `sequence` is VECSINK_NEXT, or a number of the host's
/// own that is above all earlier numbers. *out_sequence becomes the row's number. The row is copied. It is durable once
/// vecsink_sink_durable is above its number. A push from a callback of the sink waits like any other. But it returns
/// VECSINK_WOULD_BLOCK when the room is taken by rejected rows that wait for their callback, because that callback
/// can't be called before this one returns.
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
    let push = |object: &SinkObject| {
        scratch::with(|arena| {
            // SAFETY: as the header asks.
            let values = unsafe { read(values, count, object.sink.columns(), arena) }?;
            Ok(object.sink.push_with(values, push_as(sequence, timeout_ms))?)
        })
    };
    // SAFETY: as the header asks.
    unsafe { numbered(sink, out_sequence, error, push) }
}

/// Deletes the row with this key. The values stand in the order of vecsink_sink_key_name. It is not an error if there
/// is no such row. The sink must have been opened with vecsink_sink_builder_deletes. Everything else is as with
/// vecsink_sink_push.
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
    let delete = |object: &SinkObject| {
        scratch::with(|arena| {
            // SAFETY: as the header asks.
            let key = unsafe { read(key, count, object.sink.key(), arena) }?;
            Ok(object.sink.delete_with(key, push_as(sequence, timeout_ms))?)
        })
    };
    // SAFETY: as the header asks.
    unsafe { numbered(sink, out_sequence, error, delete) }
}

/// Pushes a row that was filled before. Everything else is as with vecsink_sink_push.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_push_row(
    sink: *mut vecsink_sink,
    row: *const vecsink_row,
    sequence: u64,
    timeout_ms: i64,
    out_sequence: *mut u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let push = |object: &SinkObject| {
        let row = handle::get::<RowObject>(row)?;
        Ok(object.sink.push_with(&*row.lock()?, push_as(sequence, timeout_ms))?)
    };
    // SAFETY: as the header asks.
    unsafe { numbered(sink, out_sequence, error, push) }
}

/// Pushes or deletes one row, and writes its number to `out_sequence`.
unsafe fn numbered(
    sink: *mut vecsink_sink,
    out_sequence: *mut u64,
    error: *mut *mut vecsink_error,
    push: impl FnOnce(&SinkObject) -> Result<u64, CallError>,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the caller promises.
        let place = unsafe { optional_place(out_sequence, "the place for the sequence") }?;
        let number = push(&*sink::get(sink)?)?;
        place.map(|to| to.write(number));
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { call(error, work) }
}

/// Reads the values of a row. If their number isn't that of the columns, no value is read.
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

/// Pushes `rows` rows, in their order. columns[0] to columns[column_count - 1] have one value for each row. Nothing
/// is copied before it is encoded. A row that can't be stored is accepted and then rejected, and the batch goes on. If
/// 'exceptionmode' is 'strict', the batch ends before it instead, with VECSINK_REJECTED. If `sequence` is a number of the host's
/// own, the rows are numbered from it on. When there is no room in time, the rows accepted so far stay accepted. *pushed says how
/// many they are; push the others again. The same happens when the whole call takes longer than timeout_ms, or
/// half a second if timeout_ms is 0, for example because many of its rows are rejected.
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
        let object = sink::get(sink)?;
        let arena = Bump::new();
        // SAFETY: as above.
        let columns = unsafe {
            slice(columns, column::checked_count(column_count, "the batch has no columns")?, "the array of columns")
        }?;
        // SAFETY: as above.
        let batch = unsafe { column::read(columns, rows, &arena) }?;
        push_batch(&object, &batch, (sequence, timeout_ms), pushed)
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

pub fn nothing_yet(to: &mut std::mem::MaybeUninit<vecsink_pushed>) -> &mut vecsink_pushed {
    to.write(vecsink_pushed { first: 0, last: 0, rows: 0, rejected: 0 })
}

/// Pushes a batch, and writes into `pushed` how many of its rows were accepted.
pub fn push_batch(
    object: &SinkObject,
    batch: &Columns<'_>,
    (sequence, timeout_ms): (u64, i64),
    pushed: Option<&mut vecsink_pushed>,
) -> Result<(), CallError> {
    let outcome = object.sink.push_batch_with(batch, push_as(sequence, timeout_ms));
    if let Some(to) = pushed {
        *to = (&outcome).into();
    }
    outcome.map(drop).map_err(CallError::from)
}
