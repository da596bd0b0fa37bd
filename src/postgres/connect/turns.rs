//! Processes that write the same keys can get into deadlocks. On Greenplum, over several segments, only a time-out ends one:
//! 30,000 upserts of three processes took minutes. So after the first deadlock the processes take turns for a while.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use twox_hash::XxHash64;

use super::failure::AttemptError;

/// For how long processes take turns after a deadlock. Each further deadlock soon after that doubles it, up to `LONGEST`.
const FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(16 * 60);
/// How long a transaction waits for a row's lock when it is its turn: a process that doesn't take turns may hold the lock.
const LOCK_TIMEOUT: &str = "5s";

/// Whether a sink's transactions take turns with those of other processes.
#[derive(Debug)]
pub struct Turns {
    /// The key of the advisory lock that says whose turn it is: the same for all processes that write the table.
    key: i64,
    state: Mutex<TurnsState>,
}

#[derive(Debug, Default)]
struct TurnsState {
    until: Option<Instant>,
    last: Duration,
}

impl Turns {
    pub fn new(table: &str) -> Turns {
        let image = format!("vecsink\x1f{table}");
        let key = i64::from_ne_bytes(XxHash64::oneshot(0, image.as_bytes()).to_ne_bytes());
        Turns { key, state: Mutex::default() }
    }

    /// A transaction has failed: if it was in a deadlock, taking turns begins.
    pub fn note(&self, table: &str, failure: &AttemptError) {
        if !is_deadlock(failure) {
            return;
        }
        let mut state = self.state.lock();
        let now = Instant::now();
        match state.until {
            Some(until) if until > now => return,
            // The last deadlock was so long ago that this one counts as the first.
            Some(until) if now.duration_since(until) > LONGEST => state.last = FIRST,
            Some(_) => state.last = (state.last * 2).min(LONGEST),
            None => state.last = FIRST,
        }
        state.until = Some(now + state.last);
        log::warn!(
            "{table}: transactions of several processes were in a deadlock ({}): for {} s they take turns, and wait at most \
             {LOCK_TIMEOUT} for a lock",
            failure.text,
            state.last.as_secs()
        );
    }

    /// What a transaction adds to its beginning: nothing, or the wait for its turn.
    pub fn begin_with(&self) -> String {
        match self.state.lock().until {
            Some(until) if Instant::now() < until => format!(
                "; SELECT pg_catalog.pg_advisory_xact_lock({}); SET LOCAL lock_timeout TO '{LOCK_TIMEOUT}'",
                self.key
            ),
            _ => String::new(),
        }
    }
}

/// Greenplum's detector cancels a statement, with the reason in the text.
fn is_deadlock(failure: &AttemptError) -> bool {
    failure.is("40P01") || failure.is("57014") && failure.text.contains("deadlock")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(sqlstate: &str, text: &str) -> AttemptError {
        AttemptError { sqlstate: Some(sqlstate.to_owned()), ..AttemptError::outage(text) }
    }

    #[test]
    fn turns_begin_with_a_deadlock_and_not_with_other_failures() {
        let turns = Turns::new("s.t");
        for (sqlstate, text) in [("55P03", "lock timeout"), ("57014", "statement timeout"), ("40001", "serialization")]
        {
            turns.note("s.t", &failure(sqlstate, text));
        }
        assert_eq!(turns.begin_with(), "");
        turns.note("s.t", &failure("57014", "cancelled by global deadlock detector"));
        assert!(turns.begin_with().contains("pg_advisory_xact_lock"));
        let other = Turns::new("s.t");
        other.note("s.t", &failure("40P01", "deadlock detected"));
        assert_eq!(other.begin_with(), turns.begin_with(), "all processes have one lock");
    }
}
