//! The options of a sink that is about to be opened.

use std::ffi::c_char;
use std::time::Duration;

use super::call_error::CallError;
use super::code::vecsink_code;
use super::error::vecsink_error;
use super::memory::text;
use super::sink_builder::{change, vecsink_sink_builder};
use crate::host::sink::SinkBuilder;
use crate::settings::{ConflictMode, DeliveryGuarantee, ExceptionMode, VectorIndexMode};

/// What happens to a row whose key is already there, VECSINK_CONFLICT_UPSERT to VECSINK_CONFLICT_STRICT.
pub type vecsink_conflict_mode = i32;

/// The new row replaces the row that is there.
pub const VECSINK_CONFLICT_UPSERT: vecsink_conflict_mode = 0;
/// The row that is there stays.
pub const VECSINK_CONFLICT_IGNORE: vecsink_conflict_mode = 1;
/// The sink fails.
pub const VECSINK_CONFLICT_STRICT: vecsink_conflict_mode = 2;

/// What happens when a row can't be stored: VECSINK_EXCEPTION_IGNORE or VECSINK_EXCEPTION_STRICT.
pub type vecsink_exception_mode = i32;

/// The row is rejected, and the sink goes on.
pub const VECSINK_EXCEPTION_IGNORE: vecsink_exception_mode = 0;
/// The sink fails.
pub const VECSINK_EXCEPTION_STRICT: vecsink_exception_mode = 1;

/// How rows get into the table's vector index: VECSINK_VECTOR_INDEX_INLINE, VECSINK_VECTOR_INDEX_BEHIND or
/// VECSINK_VECTOR_INDEX_DEFER.
pub type vecsink_vector_index = i32;

/// The server adds each row to the index when it is written.
pub const VECSINK_VECTOR_INDEX_INLINE: vecsink_vector_index = 0;
/// Rows are written to a child table without a vector index, where queries find them at once. They move into the index later.
pub const VECSINK_VECTOR_INDEX_BEHIND: vecsink_vector_index = 1;
/// The index is dropped when the sink opens, and built again after all rows were written.
pub const VECSINK_VECTOR_INDEX_DEFER: vecsink_vector_index = 2;

/// How often a row is written: VECSINK_AT_LEAST_ONCE or VECSINK_EXACTLY_ONCE.
pub type vecsink_delivery_guarantee = i32;

/// After a crash some rows are written again.
pub const VECSINK_AT_LEAST_ONCE: vecsink_delivery_guarantee = 0;
/// Each row is written once.
pub const VECSINK_EXACTLY_ONCE: vecsink_delivery_guarantee = 1;

/// Sets an option of the sink by the name that it has in a job file: "deadletter", "retrywaittime" … (docs/options.md). When an
/// option is set twice, the later value is used. vecsink_sink_builder_open reports everything that is wrong with options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_option(
    builder: *mut vecsink_sink_builder,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let (name, value) = (text(name, "the option's name")?, text(value, "the option's value")?);
            Ok(move |builder: SinkBuilder| builder.option(name, value))
        })
    }
}

/// The user who logs in, instead of the URL's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_user(
    builder: *mut vecsink_sink_builder,
    user: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let user = text(user, "the user")?;
            Ok(move |builder: SinkBuilder| builder.user(user))
        })
    }
}

/// The password. It is used instead of the URL's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_password(
    builder: *mut vecsink_sink_builder,
    password: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let password = text(password, "the password")?;
            Ok(move |builder: SinkBuilder| builder.password(password))
        })
    }
}

/// What happens to a row whose key is already there. Default: VECSINK_CONFLICT_UPSERT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_conflict_mode(
    builder: *mut vecsink_sink_builder,
    mode: vecsink_conflict_mode,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let mode = match mode {
            VECSINK_CONFLICT_UPSERT => ConflictMode::Upsert,
            VECSINK_CONFLICT_IGNORE => ConflictMode::Ignore,
            VECSINK_CONFLICT_STRICT => ConflictMode::Strict,
            other => return Err(CallError::argument(format!("{other} is not a vecsink_conflict_mode"))),
        };
        Ok(move |builder: SinkBuilder| builder.conflict_mode(mode))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// What happens when a row can't be stored. Default: VECSINK_EXCEPTION_IGNORE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_exception_mode(
    builder: *mut vecsink_sink_builder,
    mode: vecsink_exception_mode,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let mode = match mode {
            VECSINK_EXCEPTION_IGNORE => ExceptionMode::Ignore,
            VECSINK_EXCEPTION_STRICT => ExceptionMode::Strict,
            other => return Err(CallError::argument(format!("{other} is not a vecsink_exception_mode"))),
        };
        Ok(move |builder: SinkBuilder| builder.exception_mode(mode))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// The most rows in one transaction. Default: the sink finds the best number while it runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_batch_size(
    builder: *mut vecsink_sink_builder,
    rows: u32,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.batch_size(rows))) }
}

/// The most connections, and so the most transactions at once. As many are opened as make writing faster. Default: 20.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_connections(
    builder: *mut vecsink_sink_builder,
    most: u32,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.connections(most))) }
}

/// The file into which rows that can't be stored are written, as JSON Lines.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_dead_letter_file(
    builder: *mut vecsink_sink_builder,
    path: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let path = text(path, "the path")?;
            Ok(move |builder: SinkBuilder| builder.dead_letter_file(path))
        })
    }
}

/// The length of every vector, for tables whose types and indexes don't say it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_vector_dimension(
    builder: *mut vecsink_sink_builder,
    dimension: usize,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.vector_dimension(dimension))) }
}

/// Whether vectors are scaled to length 1 before they are stored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_vector_normalize(
    builder: *mut vecsink_sink_builder,
    normalize: bool,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.vector_normalize(normalize))) }
}

/// How rows get into the table's vector index. Default: VECSINK_VECTOR_INDEX_INLINE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_vector_index(
    builder: *mut vecsink_sink_builder,
    mode: vecsink_vector_index,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let mode = match mode {
            VECSINK_VECTOR_INDEX_INLINE => VectorIndexMode::Inline,
            VECSINK_VECTOR_INDEX_BEHIND => VectorIndexMode::Behind,
            VECSINK_VECTOR_INDEX_DEFER => VectorIndexMode::Defer,
            other => return Err(CallError::argument(format!("{other} is not a vecsink_vector_index"))),
        };
        Ok(move |builder: SinkBuilder| builder.vector_index(mode))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// How often a row is written. VECSINK_EXACTLY_ONCE needs the name of a stream, and rows with numbers of the host's own (see
/// vecsink_sink_resume_position). Default: VECSINK_AT_LEAST_ONCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_delivery_guarantee(
    builder: *mut vecsink_sink_builder,
    guarantee: vecsink_delivery_guarantee,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let guarantee = match guarantee {
            VECSINK_AT_LEAST_ONCE => DeliveryGuarantee::AtLeastOnce,
            VECSINK_EXACTLY_ONCE => DeliveryGuarantee::ExactlyOnce,
            other => return Err(CallError::argument(format!("{other} is not a vecsink_delivery_guarantee"))),
        };
        Ok(move |builder: SinkBuilder| builder.delivery_guarantee(guarantee))
    };
    // SAFETY: as the header asks.
    unsafe { change(builder, error, work) }
}

/// The name of the sessions in pg_stat_activity, instead of the URL's. Default: "vecsink" and the stream's name. With a named stream,
/// "/" and 16 digits follow, which are other ones for each sink.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_application_name(
    builder: *mut vecsink_sink_builder,
    application_name: *const c_char,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks, for all of these.
    unsafe {
        change(builder, error, || {
            let application_name = text(application_name, "the name")?;
            Ok(move |builder: SinkBuilder| builder.application_name(application_name))
        })
    }
}

/// How long a row waits for other rows of its transaction while the sink is idle, in milliseconds. Default: 2, or 50
/// where a transaction costs more (ADBPG, Greenplum).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_linger(
    builder: *mut vecsink_sink_builder,
    milliseconds: u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let linger = Duration::from_millis(milliseconds);
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.linger(linger))) }
}

/// The most bytes of rows between push and COMMIT, at least 1 MiB. When they are used up, pushes wait. Default: 64 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_buffer_memory(
    builder: *mut vecsink_sink_builder,
    bytes: usize,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.buffer_memory(bytes))) }
}

/// How long the database may be unreachable before the sink fails, in milliseconds. Default: without end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_sink_builder_max_outage(
    builder: *mut vecsink_sink_builder,
    milliseconds: u64,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let longest = Duration::from_millis(milliseconds);
    // SAFETY: as the header asks.
    unsafe { change(builder, error, || Ok(move |builder: SinkBuilder| builder.max_outage(longest))) }
}
