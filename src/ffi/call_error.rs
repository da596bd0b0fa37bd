//! Why a call fails, on its way to the host.

use super::code::{
    VECSINK_CLOSED, VECSINK_CONFIG, VECSINK_DEAD_LETTER, VECSINK_FAILED, VECSINK_FENCED, VECSINK_FORKED,
    VECSINK_INTERNAL, VECSINK_INVALID_ARGUMENT, VECSINK_INVALID_HANDLE, VECSINK_NOT_DURABLE, VECSINK_OUT_OF_MEMORY,
    VECSINK_OUT_OF_ORDER, VECSINK_REJECTED, VECSINK_SHAPE, VECSINK_SOURCE, VECSINK_STOPPED, VECSINK_STRICT,
    VECSINK_TARGET, VECSINK_TIMED_OUT, VECSINK_WOULD_BLOCK, vecsink_code,
};
use crate::error::{Error, Rejection};
use crate::host::sink::{BatchError, PushError};

#[derive(Debug)]
pub struct CallError {
    pub code: vecsink_code,
    pub message: String,
    pub sqlstate: Option<String>,
    pub column: Option<String>,
    pub retryable: bool,
    pub in_doubt: bool,
    pub position: Option<(String, i32, i64)>,
    pub accepted: usize,
}

impl CallError {
    /// Why closing a sink failed. Unless all rows that were accepted are durable, some are in doubt, whatever the reason.
    pub fn of_close(error: Error, all_durable: bool) -> Self {
        CallError { in_doubt: !all_durable, ..CallError::from(error) }
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

    /// The error that ended a sink earlier, as a call other than its close returns it.
    pub fn failed(error: Error) -> CallError {
        match error {
            Error::NotDurable { .. } | Error::NeverPushed { .. } | Error::TimedOut(_) => error.into(),
            error => PushError::Failed(error).into(),
        }
    }

    pub fn out_of_memory(bytes: usize) -> CallError {
        PushError::OutOfMemory { bytes }.into()
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
            Error::TimedOut(_) => VECSINK_TIMED_OUT,
            Error::Fenced(_) => VECSINK_FENCED,
            Error::Internal(_) => VECSINK_INTERNAL,
        };
        let failed = CallError {
            retryable: error.is_retryable(),
            in_doubt: error.is_in_doubt(),
            ..CallError::new(code, error.to_string())
        };
        match error {
            Error::Target { sqlstate, .. } => CallError { sqlstate, ..failed },
            Error::Strict { position, rejection, .. } => {
                let position = Some((position.topic.to_string(), position.partition, position.offset));
                CallError { position, ..failed.rejected(rejection) }
            }
            _ => failed,
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
        let failed = CallError {
            retryable: error.is_retryable(),
            in_doubt: error.is_in_doubt(),
            ..CallError::new(code, error.to_string())
        };
        match error {
            PushError::Rejected(rejection) => failed.rejected(rejection),
            PushError::Failed(cause) => {
                let cause = CallError::from(cause);
                CallError { sqlstate: cause.sqlstate, column: cause.column, position: cause.position, ..failed }
            }
            _ => failed,
        }
    }
}

impl From<BatchError> for CallError {
    fn from(error: BatchError) -> CallError {
        let message = error.to_string();
        CallError { message, accepted: error.accepted, ..error.error.into() }
    }
}
