//! Finds out what became of a transaction whose COMMIT was not answered: the claimed rows of the ledger show it.

use super::answer::{read, unreadable};
use super::tables::Ledger;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::{Backend, Session};
use crate::progress::ledger::{LedgerComparison, LedgerRow, StreamClaim, compare};

/// The same expression each time, so that the texts are the same.
const BEGAN: &str = "pg_catalog.date_part('epoch', backend_start)::numeric::text";

impl Backend {
    /// The process of this session.
    pub fn of(session: &mut Session) -> Attempt<Backend> {
        let rows = session.ask(&format!(
            "SELECT pid, {BEGAN} FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"
        ))?;
        match rows.first().map(Vec::as_slice) {
            Some([pid, began]) => Ok(Backend { pid: read(pid)?, began: began.clone() }),
            _ => Err(unreadable()),
        }
    }

    /// Ends the session of this process, unless the process has ended.
    fn end(&self, session: &mut Session) -> Attempt<()> {
        let Backend { pid, began } = self;
        session
            .ask(&format!(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE pid = {pid} AND {BEGAN} = '{began}'"
            ))
            .map(drop)
    }
}

impl Ledger {
    /// Ends the session that sent the COMMIT, if it is still there, and compares the claims with the ledger. The claimed rows are
    /// locked: that waits for the lost transaction, and shows what it has left. (A query without locks would show the old
    /// rows while the lost transaction is still committing.)
    pub fn compare(
        &self,
        session: &mut Session,
        claims: &[StreamClaim],
        lost: Option<&Backend>,
    ) -> Attempt<LedgerComparison> {
        if let Some(lost) = lost {
            lost.end(session)?;
        }
        session.begin_without_rows()?;
        let mut rows = Vec::new();
        for StreamClaim { number, shards, .. } in claims {
            let shards: Vec<String> = shards.iter().map(|shard| shard.shard.to_string()).collect();
            let found = session.ask(&format!(
                "SELECT shard, epoch, next_offset FROM {} WHERE stream = {number} AND shard IN ({}) FOR UPDATE",
                self.shard(),
                shards.join(", ")
            ))?;
            for row in found {
                let [shard, epoch, next] = row.as_slice() else { return Err(unreadable()) };
                rows.push(LedgerRow { stream: *number, shard: read(shard)?, epoch: read(epoch)?, next: read(next)? });
            }
        }
        session.run("ROLLBACK")?;
        Ok(compare(claims, &rows))
    }
}
