//! Time-outs: milliseconds, less than 0 for ever.

use std::time::Duration;

use crate::host::sink::Wait;

pub fn timeout(milliseconds: i64) -> Duration {
    u64::try_from(milliseconds).map_or(Duration::MAX, Duration::from_millis)
}

pub fn wait(timeout_ms: i64) -> Wait {
    match timeout_ms {
        ..0 => Wait::Forever,
        0 => Wait::No,
        some => Wait::AtMost(timeout(some)),
    }
}
