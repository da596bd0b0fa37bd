//! Rows that a host fills value by value.

use std::ffi::c_char;

use parking_lot::{Mutex, MutexGuard};

use super::call::call;
use super::call_error::CallError;
use super::code::vecsink_code;
use super::error::vecsink_error;
use super::handle::{self, HandleKind};
use super::memory::{place, text};
use super::panic::ask;
use super::scratch;
use super::sink::{self, vecsink_sink};
use super::value::{ValueReader, vecsink_value};
use crate::host::FilledRow;

/// A row that is filled value by value, by the column's index or name, and can be pushed any number of times. Values are copied into
/// it. It is for one thread at a time. It may live longer than its sink.
pub struct vecsink_row(());

#[derive(Debug)]
pub struct RowObject(Mutex<FilledRow>);

impl HandleKind for RowObject {
    type Public = vecsink_row;
    const NAME: &'static str = "vecsink_row";
}

impl RowObject {
    /// The row. It is an error if another call is using it.
    pub fn lock(&self) -> Result<MutexGuard<'_, FilledRow>, CallError> {
        self.0.try_lock().ok_or_else(|| CallError::argument("another call uses this vecsink_row"))
    }
}

/// A row of NULLs for the sink's columns. Free it with vecsink_row_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_row_new(
    sink: *const vecsink_sink,
    row: *mut *mut vecsink_row,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let row = unsafe { place(row, "the place for the row") }?.write(std::ptr::null_mut());
        let columns: Vec<String> = sink::get(sink)?.sink.columns().to_vec();
        *row = handle::give(RowObject(Mutex::new(FilledRow::new(columns))))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Sets the column with this index, counted from 0 in the sink's order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_row_set(
    row: *mut vecsink_row,
    index: usize,
    value: *const vecsink_value,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe {
        call(error, || {
            let row = handle::get::<RowObject>(row)?;
            set(&row, value, |row, value| row.set(index, value))
        })
    }
}

/// Sets the column with this name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_row_set_named(
    row: *mut vecsink_row,
    name: *const c_char,
    value: *const vecsink_value,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe {
        call(error, || {
            let row = handle::get::<RowObject>(row)?;
            let name = text(name, "the column's name")?;
            set(&row, value, |row, value| row.set_named(name, value))
        })
    }
}

unsafe fn set(
    row: &RowObject,
    value: *const vecsink_value,
    put: impl FnOnce(&mut FilledRow, &crate::types::value::Value<'_>) -> Result<(), String>,
) -> Result<(), CallError> {
    // SAFETY: as the caller promises.
    let value = unsafe { super::memory::slice(value, 1, "the value") }?;
    scratch::with(|arena| {
        // SAFETY: as above.
        let value = unsafe { ValueReader::new(arena).read(&value[0], &"the value") }?;
        // The copy allocates several times. So it is checked before whether there is memory for all of it.
        Vec::<u8>::new().try_reserve_exact(value.bytes()).map_err(|_| CallError::out_of_memory(value.bytes()))?;
        put(&mut *row.lock()?, &value).map_err(CallError::argument)
    })
}

/// Sets all columns to NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_row_clear(row: *mut vecsink_row, error: *mut *mut vecsink_error) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe {
        call(error, || {
            handle::get::<RowObject>(row)?.lock()?.clear();
            Ok(())
        })
    }
}

/// Frees a row. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_row_free(row: *mut vecsink_row) {
    ask((), || drop(handle::take::<RowObject>(row)));
}
