//! How a sink is opened.

use std::ffi::{c_char, c_void};
use std::ptr;

use parking_lot::Mutex;

use super::call::call;
use super::call_error::CallError;
use super::callback::{self, Callback, UserData, check_may_end};
use super::code::vecsink_code;
use super::column::checked_count;
use super::error::vecsink_error;
use super::handle::{self, HandleKind};
use super::memory::c_string;
use super::memory::{place, slice, text};
use super::panic::ask;
use super::process::check_may_open;
use super::sink::{SinkObject, vecsink_sink};
use crate::host::sink::{Rejected, Sink, SinkBuilder};

/// A sink that is about to be opened. It is for one thread at a time. Free it with vecsink_sink_builder_free.
pub struct vecsink_sink_builder(());

/// Called with the new value of vecsink_sink_durable each time it has risen, from a thread of the sink's own. The callback may push,
/// but it must not close or free a sink or a job, and must not throw or longjmp. The sink goes on writing while the callback
/// runs. There is one call at a time.
pub type vecsink_durable_callback = Option<unsafe extern "C" fn(user_data: *mut c_void, durable: u64)>;

/// A row that was accepted and then could not be stored. Valid during the callback.
#[repr(C)]
pub struct vecsink_rejected {
    /// The number that its push returned.
    pub sequence: u64,
    /// "encode": the value can't be stored in the column; "write": the database refused the row.
    pub stage: *const c_char,
    /// Why the row could not be stored.
    pub reason: *const c_char,
    /// The column whose value was refused, or NULL.
    pub column: *const c_char,
    /// The SQLSTATE of the database. For a value that the library refused it is the SQLSTATE that the database would have given.
    /// NULL if there is none.
    pub sqlstate: *const c_char,
}

/// Called for each row that was accepted and then could not be stored, before vecsink_durable_callback is called with
/// a number above it. The thread and the rules are the same. vecsink_sink_durable may rise above the row, and
/// vecsink_sink_wait_durable return, a moment before this call, because they don't wait for callbacks.
/// vecsink_sink_close waits for them.
pub type vecsink_rejected_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, rejected: *const vecsink_rejected)>;

/// `None`: the sink was opened.
pub struct SinkBuilderCell(Mutex<Option<SinkBuilder>>);

impl HandleKind for SinkBuilderCell {
    type Public = vecsink_sink_builder;
    const NAME: &'static str = "vecsink_sink_builder";
}

/// Makes a builder for a sink. `table` is "schema.table". `url` is the database's URL with user and password:
/// "postgresql://…" as libpq reads it, or "jdbc:postgresql://…" as in a job file. Nothing is opened or checked yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_new(
    url: *const c_char,
    table: *const c_char,
    builder: *mut *mut vecsink_sink_builder,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks, for all of these.
        let builder = unsafe { place(builder, "the place for the builder") }?.write(ptr::null_mut());
        let (url, table) = unsafe { (text(url, "the URL")?, text(table, "the table's name")?) };
        *builder = handle::give(SinkBuilderCell(Mutex::new(Some(Sink::builder(url, table)))))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// The columns that rows have, in their order, by their names in the database. Default: all columns of the table,
/// except those that the database generates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_columns(
    builder: *mut vecsink_sink_builder,
    names: *const *const c_char,
    count: usize,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let none = "the list of columns is empty: name those that rows have, or leave it out for all of the table";
            let names = slice(names, checked_count(count, none)?, "the array of names")?;
            let named = names.iter().enumerate();
            let names = named.map(|(at, name)| Ok(text(*name, format_args!("name number {}", at + 1))?.to_owned()));
            let names = names.collect::<Result<Vec<String>, CallError>>()?;
            Ok(move |builder: SinkBuilder| builder.columns(names))
        })
    }
}

/// Names the stream of rows, for a host that numbers its rows itself and wants to go on after a crash (see
/// vecsink_sink_resume_position). Only one sink at a time can push into a stream. Opening a sink with the same stream ends the
/// former one, with VECSINK_FENCED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_stream(
    builder: *mut vecsink_sink_builder,
    name: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let name = text(name, "the stream's name")?;
            Ok(move |builder: SinkBuilder| builder.stream(name))
        })
    }
}

/// Whether vecsink_sink_delete will be called. The table needs a key, and the columns must include it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_deletes(
    builder: *mut vecsink_sink_builder,
    deletes: bool,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.deletes(deletes))) }
}

/// Sets the callback for durable rows. `user_data` is passed to it, and must live until the sink is closed or freed and no callback
/// runs any more: see vecsink_sink_close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_on_durable(
    builder: *mut vecsink_sink_builder,
    callback: vecsink_durable_callback,
    user_data: *mut c_void,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let user_data = UserData(user_data);
    let work = || {
        let told = callback.ok_or_else(|| CallError::argument("the callback is NULL"))?;
        let tell = move |durable| {
            let UserData(data) = { user_data };
            // SAFETY: the host's function, called as the header says.
            callback::run(Callback::Rows, || unsafe { told(data, durable) });
        };
        Ok(move |builder: SinkBuilder| builder.on_durable(tell))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// Sets the callback for rejected rows. `user_data` is passed to it, and must live until the sink is closed or freed and no callback
/// runs any more: see vecsink_sink_close.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_on_rejected(
    builder: *mut vecsink_sink_builder,
    callback: vecsink_rejected_callback,
    user_data: *mut c_void,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let user_data = UserData(user_data);
    let work = || {
        let told = callback.ok_or_else(|| CallError::argument("the callback is NULL"))?;
        let tell = move |row: &Rejected| {
            let UserData(data) = { user_data };
            show(row, |row| {
                // SAFETY: the host's function, called as the header says.
                callback::run(Callback::Rows, || unsafe { told(data, row) });
            });
        };
        Ok(move |builder: SinkBuilder| builder.on_rejected(tell))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// Shows a rejected row as C sees it.
fn show(row: &Rejected, see: impl FnOnce(&vecsink_rejected)) {
    let stage = c_string(row.rejection.stage.as_str());
    let reason = c_string(&row.rejection.reason);
    let column = row.rejection.column.as_deref().map(c_string);
    let sqlstate = row.rejection.sqlstate.as_deref().map(c_string);
    see(&vecsink_rejected {
        sequence: row.sequence,
        stage: stage.as_ptr(),
        reason: reason.as_ptr(),
        column: column.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
        sqlstate: sqlstate.as_ref().map_or(ptr::null(), |text| text.as_ptr()),
    });
}

/// Connects, reads the table's columns from the catalog and starts the sink. Blocks for at most the connect time-outs of
/// all hosts. A builder can be opened only once, also if that fails. Free it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_open(
    builder: *mut vecsink_sink_builder,
    sink: *mut *mut vecsink_sink,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let sink = unsafe { place(sink, "the place for the sink") }?.write(ptr::null_mut());
        check_may_end()?;
        let open = check_may_open()?;
        let builder = handle::get::<SinkBuilderCell>(builder)?;
        let taken = builder.0.lock().take().ok_or_else(opened)?;
        *sink = handle::give(SinkObject::new(taken.open()?, open))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Frees a builder. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_sink_builder_free(builder: *mut vecsink_sink_builder) {
    ask((), || drop(handle::take::<SinkBuilderCell>(builder)));
}

/// A sink for all columns of a table, with defaults: a builder in one call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_open(
    url: *const c_char,
    table: *const c_char,
    sink: *mut *mut vecsink_sink,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks, for all of these.
        let sink = unsafe { place(sink, "the place for the sink") }?.write(ptr::null_mut());
        check_may_end()?;
        let open = check_may_open()?;
        let (url, table) = unsafe { (text(url, "the URL")?, text(table, "the table's name")?) };
        *sink = handle::give(SinkObject::new(Sink::open(url, table)?, open))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Changes a builder by the function that `read` makes from the host's arguments.
///
/// # Safety
/// As [`call`].
pub unsafe fn change<C: FnOnce(SinkBuilder) -> SinkBuilder>(
    builder: *mut vecsink_sink_builder,
    error: *mut *mut vecsink_error,
    read: impl FnOnce() -> Result<C, CallError>,
) -> vecsink_code {
    let work = || {
        let builder = handle::get::<SinkBuilderCell>(builder)?;
        let change = read()?;
        let mut builder = builder.0.lock();
        let unchanged = builder.take().ok_or_else(opened)?;
        *builder = Some(change(unchanged));
        Ok(())
    };
    // SAFETY: as the caller promises.
    unsafe { call(error, work) }
}

fn opened() -> CallError {
    CallError::argument("this vecsink_sink_builder was opened before")
}
