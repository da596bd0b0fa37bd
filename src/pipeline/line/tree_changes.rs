//! A change of a tree needs locks, and other sessions have to wait behind it. So the first try waits only briefly for its locks, and each
//! later try waits longer. While another transaction holds a lock for long, nothing is tried. Everything else goes on meanwhile.

use std::time::{Duration, Instant};

use super::state::LineState;
use crate::error::Result;
use crate::postgres::{KeeperSession, LONGEST_LOCK_WAIT, LockTries, LockWatch, TableRef, TreeChange, TreeKeeper};

/// How long to wait before the next check whether a transaction still holds its lock.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The log names a transaction that has held a lock for longer than this.
const TOLD_AFTER: Duration = Duration::from_secs(5);

/// The tries to make one kind of change.
#[derive(Default)]
pub struct TreeChanges {
    tries: LockTries,
    watch: LockWatch,
}

/// The outcome of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriedChange {
    Done,
    /// Others hold locks: try again after this time.
    Again(Duration),
    /// The tree has changed since it was read.
    OutOfDate,
}

impl TreeChanges {
    /// Tries a change that locks these tables. `change` gets a session, and how long it may wait for the locks. `aim` names the change in
    /// log lines.
    pub fn attempt(
        &mut self,
        (line, keeper): (&LineState, &TreeKeeper),
        session: &mut KeeperSession,
        (aim, tables): (&str, &[&TableRef]),
        change: impl FnOnce(&mut KeeperSession, Duration) -> Result<TreeChange>,
    ) -> Result<TriedChange> {
        let holders = keeper.holders(session, tables)?;
        if let Some((holder, held)) = self.watch.note(holders, Instant::now())
            && held > LONGEST_LOCK_WAIT
        {
            if held >= TOLD_AFTER && self.watch.is_news(&holder) {
                let setting = match holder.is_idle() {
                    true => {
                        "; the server's setting idle_in_transaction_session_timeout ends such transactions by itself"
                    }
                    false => "",
                };
                log::warn!(
                    "{}: {aim} waits for {holder}, which has held a lock on the table for {} s; all rows are found, and moving them into \
                     the vector index goes on, but queries take longer than they need; if it doesn't end by itself, end it: \
                     {}{setting}",
                    line.name(),
                    held.as_secs(),
                    holder.remedy()
                );
            }
            return Ok(TriedChange::Again(LOOK_AGAIN));
        }
        let wait = self.tries.wait();
        match change(session, wait)? {
            TreeChange::Done => {
                self.tries = LockTries::default();
                Ok(TriedChange::Done)
            }
            TreeChange::Busy => {
                log::debug!("{}: {aim}: others hold locks for more than {} ms", line.name(), wait.as_millis());
                Ok(TriedChange::Again(self.tries.note_failed()))
            }
            TreeChange::OutOfDate => Ok(TriedChange::OutOfDate),
        }
    }
}
