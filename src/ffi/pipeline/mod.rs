//! Jobs: SQL, or a topic attached to a table.
#![cfg_attr(not(feature = "kafka"), allow(unused_variables, unreachable_code, reason = "no job is ever made"))]

#[cfg_attr(not(feature = "kafka"), path = "without_kafka.rs")]
mod job;

use std::ffi::c_char;
use std::ptr;
use std::time::Duration;

use parking_lot::Mutex;

use self::job::{BuilderState, RunningPipeline};
use super::call::call;
use super::call_error::CallError;
use super::callback::{check_may_end, check_may_use};
use super::code::vecsink_code;
use super::error::vecsink_error;
use super::handle::{self, HandleKind};
use super::memory::{place, text};
use super::panic::ask;
use super::process::check_may_open;
use super::stats::{StatsPlace, vecsink_stats};
use super::time::timeout;

/// A job that is about to be started. It is for one thread at a time. Free it with vecsink_pipeline_builder_free.
pub struct vecsink_pipeline_builder(());

/// A running job. All functions but vecsink_pipeline_free may be called from any number of threads at once. Free it with
/// vecsink_pipeline_free.
pub struct vecsink_pipeline(());

struct PipelineBuilderCell(Mutex<BuilderState>);

impl HandleKind for PipelineBuilderCell {
    type Public = vecsink_pipeline_builder;
    const NAME: &'static str = "vecsink_pipeline_builder";
}

impl HandleKind for RunningPipeline {
    type Public = vecsink_pipeline;
    const NAME: &'static str = "vecsink_pipeline";
}

/// Makes a builder for the job of these Flink SQL statements, which are those of a job file for `vecsink run`.
/// Nothing is opened or checked yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_new(
    sql: *const c_char,
    builder: *mut *mut vecsink_pipeline_builder,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks, for both.
        let builder = unsafe { place(builder, "the place for the builder") }?.write(ptr::null_mut());
        let sql = unsafe { text(sql, "the SQL") }?;
        *builder = handle::give(PipelineBuilderCell(Mutex::new(BuilderState::from_sql(sql)?)))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Makes a builder for a job that reads a Kafka topic into a table, "schema.table", of the database at a URL. Add
/// columns and options to it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_attach(
    url: *const c_char,
    table: *const c_char,
    builder: *mut *mut vecsink_pipeline_builder,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks, for all of these.
        let builder = unsafe { place(builder, "the place for the builder") }?.write(ptr::null_mut());
        let (url, table) = unsafe { (text(url, "the URL")?, text(table, "the table's name")?) };
        *builder = handle::give(PipelineBuilderCell(Mutex::new(BuilderState::attach(url, table)?)))?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// A column of the messages and of the table, with its Flink SQL type, such as "BIGINT" or "ARRAY<FLOAT>". Attached topics only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_column(
    builder: *mut vecsink_pipeline_builder,
    name: *const c_char,
    flink_type: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, |plan| {
            plan.column(text(name, "the column's name")?, text(flink_type, "the column's type")?)
        })
    }
}

/// An option of the source: "topic", "properties.bootstrap.servers", "format", "scan.startup.mode" … Attached topics only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_source_option(
    builder: *mut vecsink_pipeline_builder,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, |plan| {
            plan.source_option(text(name, "the option's name")?, text(value, "the option's value")?)
        })
    }
}

/// An option of the sink: "conflictmode", "deadletter" … Attached topics only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_sink_option(
    builder: *mut vecsink_pipeline_builder,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, |plan| {
            plan.sink_option(text(name, "the option's name")?, text(value, "the option's value")?)
        })
    }
}

/// Sets an option of a table of the SQL. The value is used instead of the statements' own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_option(
    builder: *mut vecsink_pipeline_builder,
    table: *const c_char,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, |plan| {
            let table = text(table, "the table's name")?;
            plan.option(table, text(name, "the option's name")?, text(value, "the option's value")?)
        })
    }
}

/// The name under which progress is stored, unless the statements give one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_name(
    builder: *mut vecsink_pipeline_builder,
    name: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe { change(builder, error, |plan| plan.name(text(name, "the job's name")?)) }
}

/// The value of ${name} in option values. Names that are not set here are taken from the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_variable(
    builder: *mut vecsink_pipeline_builder,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, |plan| {
            plan.variable(text(name, "the variable's name")?, text(value, "the variable's value")?)
        })
    }
}

/// The most bytes of rows between reading and COMMIT. It is used instead of the statements' 'buffer.memory'.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_buffer_memory(
    builder: *mut vecsink_pipeline_builder,
    bytes: usize,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, |plan| plan.buffer_memory(bytes)) }
}

/// How long the database may be unreachable before the job fails, in milliseconds. It is used instead of the statements'
/// 'max.outage'.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_max_outage(
    builder: *mut vecsink_pipeline_builder,
    milliseconds: u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, |plan| plan.max_outage(Duration::from_millis(milliseconds))) }
}

/// Whether the stored progress is ignored and the job starts by the startup mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_fresh(
    builder: *mut vecsink_pipeline_builder,
    fresh: bool,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, |plan| plan.fresh(fresh)) }
}

/// Checks the job (VECSINK_CONFIG: everything that is wrong with it, one per line), connects, and starts it on threads
/// of the library. Blocks until the first connections are up: for at most the connect time-out of each sink's
/// database and then 30 s for Kafka, or longer where a max_outage allows it. A builder can be started more than once;
/// each start makes another job. Free it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_builder_start(
    builder: *mut vecsink_pipeline_builder,
    pipeline: *mut *mut vecsink_pipeline,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let pipeline = unsafe { place(pipeline, "the place for the job") }?.write(ptr::null_mut());
        check_may_end()?;
        let open = check_may_open()?;
        let builder = handle::get::<PipelineBuilderCell>(builder)?;
        let plan = builder.0.lock().clone();
        *pipeline = handle::give(plan.start(open)?)?;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Frees a builder. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_pipeline_builder_free(builder: *mut vecsink_pipeline_builder) {
    ask((), || drop(handle::take::<PipelineBuilderCell>(builder)));
}

/// Waits for the job's end. VECSINK_OK: it has ended well, because its bounded sources are read or because it was stopped.
/// VECSINK_TIMED_OUT: it still runs. Any other code: why it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_wait(
    pipeline: *mut vecsink_pipeline,
    timeout_ms: i64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        check_may_use()?;
        handle::get::<RunningPipeline>(pipeline)?.wait(timeout(timeout_ms))
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// The figures of the job, while it runs and after its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_stats(
    pipeline: *const vecsink_pipeline,
    stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = unsafe { StatsPlace::new(stats) }?;
        check_may_use()?;
        place.fill(handle::get::<RunningPipeline>(pipeline)?.stats());
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Reads nothing more, writes the rows of what was read, stores the progress and ends. Rows that aren't written within deadline_ms
/// are abandoned, with VECSINK_STOPPED, and are read again at the next start. Stopping again returns the same code. While
/// another thread stops the job, this call waits for it, until the deadline. Returns within a second of the deadline.
/// last_stats may be NULL. The job must still be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_pipeline_stop(
    pipeline: *mut vecsink_pipeline,
    deadline_ms: i64,
    last_stats: *mut vecsink_stats,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        // SAFETY: as the header asks.
        let place = if last_stats.is_null() { None } else { Some(unsafe { StatsPlace::new(last_stats) }?) };
        check_may_end()?;
        let running = handle::get::<RunningPipeline>(pipeline)?;
        let outcome = running.stop(timeout(deadline_ms));
        if let Some(place) = place {
            place.fill(running.stats());
        }
        outcome
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

/// Frees a job. A running job is abandoned. Nothing is lost, because rows that aren't written are read again at the next
/// start. NULL is fine. From a callback it only logs an error.
#[unsafe(no_mangle)]
pub extern "C" fn vecsink_pipeline_free(pipeline: *mut vecsink_pipeline) {
    ask((), || {
        if pipeline.is_null() {
            return;
        }
        match check_may_end() {
            Ok(()) => drop(handle::take::<RunningPipeline>(pipeline)),
            Err(refused) => log::error!("vecsink_pipeline_free: {}", refused.message),
        }
    });
}

unsafe fn change(
    builder: *mut vecsink_pipeline_builder,
    error: *mut *mut vecsink_error,
    change: impl FnOnce(&mut BuilderState) -> Result<(), CallError>,
) -> vecsink_code {
    // SAFETY: as the caller promises.
    unsafe { call(error, || change(&mut handle::get::<PipelineBuilderCell>(builder)?.0.lock())) }
}
