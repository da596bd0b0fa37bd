//! The library's log lines, for the host.

use std::ffi::{c_char, c_void};
use std::sync::{OnceLock, PoisonError, RwLock};

use log::{LevelFilter, Log, Metadata, Record};

use super::call::call;
use super::call_error::CallError;
use super::callback::{self, Callback, UserData};
use super::code::{VECSINK_IN_CALLBACK, VECSINK_UNSUPPORTED, vecsink_code};
use super::error::vecsink_error;
use super::process::PerProcess;

/// No log lines.
pub const VECSINK_LOG_OFF: i32 = 0;
/// Errors only.
pub const VECSINK_LOG_ERROR: i32 = 1;
/// Errors and warnings.
pub const VECSINK_LOG_WARN: i32 = 2;
/// What an operator wants to know, too.
pub const VECSINK_LOG_INFO: i32 = 3;
/// Details for finding a fault, too.
pub const VECSINK_LOG_DEBUG: i32 = 4;
/// All lines.
pub const VECSINK_LOG_TRACE: i32 = 5;

/// Gets a log line: UTF-8, without a line end, valid during the call; a NUL follows it. It is called from any thread that uses the
/// library, and from the library's own threads; several may call it at once. It must not use sinks or jobs, and must not throw or
/// longjmp.
pub type vecsink_log_callback =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: i32, message: *const c_char, length: usize)>;

/// The callback of each process.
static LISTENERS: PerProcess<RwLock<Option<Listener>>> = PerProcess::new();

struct Listener {
    call: unsafe extern "C" fn(*mut c_void, i32, *const c_char, usize),
    user_data: UserData,
}

struct Forward;

/// Sets the callback that gets the log lines of this process, up to a level (VECSINK_LOG_INFO …). Call it again to
/// change that; with NULL there is no callback, as at the beginning. When this returns, the former callback isn't
/// running and isn't called any more. The child of a fork begins without a callback. VECSINK_UNSUPPORTED in a Rust
/// program that already has a logger.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vecsink_log_set(
    level: i32,
    callback: vecsink_log_callback,
    user_data: *mut c_void,
    error: *mut *mut vecsink_error,
) -> vecsink_code {
    let work = || {
        let level = match level {
            VECSINK_LOG_OFF => LevelFilter::Off,
            VECSINK_LOG_ERROR => LevelFilter::Error,
            VECSINK_LOG_WARN => LevelFilter::Warn,
            VECSINK_LOG_INFO => LevelFilter::Info,
            VECSINK_LOG_DEBUG => LevelFilter::Debug,
            VECSINK_LOG_TRACE => LevelFilter::Trace,
            other => {
                return Err(CallError::argument(format!(
                    "{other} is not a log level: levels are 0 (off) to 5 (trace)"
                )));
            }
        };
        if callback::is_logging() {
            return Err(CallError::new(VECSINK_IN_CALLBACK, "the log callback can't be changed from itself"));
        }
        let told = LISTENERS.get().ok_or_else(|| CallError::forked("library"))?;
        static OURS: OnceLock<bool> = OnceLock::new();
        if !OURS.get_or_init(|| log::set_logger(&Forward).is_ok()) {
            return Err(CallError::new(VECSINK_UNSUPPORTED, "this program has a logger of Rust's log crate already"));
        }
        let listener = callback.map(|call| Listener { call, user_data: UserData(user_data) });
        log::set_max_level(if listener.is_some() { level } else { LevelFilter::Off });
        *told.write().unwrap_or_else(PoisonError::into_inner) = listener;
        Ok(())
    };
    // SAFETY: as the header asks.
    unsafe { call(error, work) }
}

impl Log for Forward {
    /// Of other libraries' lines the host gets only warnings and errors: other lines may contain values of rows.
    fn enabled(&self, line: &Metadata<'_>) -> bool {
        !callback::is_logging() && (line.target().starts_with("vecsink") || line.level() <= log::Level::Warn)
    }

    fn log(&self, line: &Record<'_>) {
        if !self.enabled(line.metadata()) {
            return;
        }
        let Some(told) = LISTENERS.get() else { return };
        let listener = told.read().unwrap_or_else(PoisonError::into_inner);
        let Some(listener) = &*listener else { return };
        let mut message = line.args().to_string().replace('\0', "\u{FFFD}");
        let length = message.len();
        message.push('\0');
        callback::run(Callback::Log, || {
            // SAFETY: the host's function, with text that lives as long as the call.
            unsafe { (listener.call)(listener.user_data.0, line.level() as i32, message.as_ptr().cast(), length) }
        });
    }

    fn flush(&self) {}
}
