//! `low`: the offset below which everything of a stream is durable. It has a transaction of its own. In the writers' transactions
//! this one row would make them wait for each other.

use super::answer::read;
use super::tables::Ledger;
use crate::dispatch::SHARDS;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;

/// Whether a new position was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionOutcome {
    Stored,
    /// It was not: another process has opened the stream since, the ledger has less than this process has written, or the stream's row
    /// is gone.
    Fenced,
}

impl Ledger {
    /// Raises `low`, if the stream still has this epoch. `next`: how far this process has written each shard. If the ledger has
    /// less, the database was restored, or a standby took over that lacks the last transactions. Then rows below `low` are gone, and
    /// storing it would lose them for good: the process must begin again at the positions of the ledger.
    pub fn advance(
        &self,
        session: &mut Session,
        number: i64,
        epoch: i64,
        low: i64,
        next: &[i64; SHARDS],
    ) -> Attempt<PositionOutcome> {
        let next: Vec<String> = next.iter().map(i64::to_string).collect();
        let written = session.first_value(&format!(
            "SELECT pg_catalog.count(*) FROM {} WHERE stream = {number} AND next_offset >= ('{{{}}}'::bigint[])[shard + 1]",
            self.shard(),
            next.join(",")
        ))?;
        if written != Some(SHARDS.to_string()) {
            return Ok(PositionOutcome::Fenced);
        }
        let table = self.stream();
        let raised = session.run_and_count(&format!(
            "UPDATE {table} SET low = {low}, seen = pg_catalog.now() WHERE stream = {number} AND epoch = {epoch} AND low < {low}"
        ))?;
        if raised > 0 {
            return Ok(PositionOutcome::Stored);
        }
        match self.epoch(session, number)? {
            Some(found) if found == epoch => Ok(PositionOutcome::Stored),
            Some(_) | None => Ok(PositionOutcome::Fenced),
        }
    }

    /// The stream's epoch; `None`: its row is gone.
    pub fn epoch(&self, session: &mut Session, number: i64) -> Attempt<Option<i64>> {
        let found = session.first_value(&format!("SELECT epoch FROM {} WHERE stream = {number}", self.stream()))?;
        found.map(|epoch| read(&epoch)).transpose()
    }
}
