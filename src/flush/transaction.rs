//! One transaction: some rows of a batch, on one path.

use std::ops::Range;

use super::copy::copy;
use super::letters::{Beside, LetterTable, write_beside};
use super::reduce::{Keep, reduce};
use super::rows::{Plan, Rows};
use super::session::{Attempt, Session};
use super::statements::Statements;

/// How rows get into the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// COPY into the table.
    Direct,
    /// ADBPG's COPY that resolves conflicts.
    Resolving,
    /// COPY into a temporary table, then INSERT.
    Staged,
}

/// What became of rows that are durable.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Inserted or upserted.
    pub inserted: u64,
    /// Left out by the conflict mode.
    pub ignored: u64,
    /// Replaced by a later row of their key in the same transaction.
    pub superseded: u64,
}

/// How a transaction treats rows of one key.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub keep: Keep,
    /// Constraints that no key image tells of make the order of arrival count.
    pub in_order: bool,
}

/// Writes `range` and commits. COPY is never sent as a transaction of its own: its answer comes before the commit, and
/// what fails then (a deferred constraint, a Greenplum segment) would go unnoticed.
pub fn transaction(
    session: &mut Session,
    statements: &Statements,
    rows: &Rows<'_>,
    range: Range<usize>,
    path: Path,
    order: Order,
    beside: (Option<&LetterTable>, &Beside),
) -> Attempt<Written> {
    let all = range.len() as u64;
    let plan = Plan::new(rows, reduce(rows, range, order.keep), order.in_order);
    let sent = plan.order.len() as u64;
    if path == Path::Staged {
        session.ensure_stage(statements)?;
    }
    session.run("BEGIN ISOLATION LEVEL READ COMMITTED")?;
    let mut stored = copy(session, statements, path.into(), rows, &plan)?;
    if path == Path::Staged {
        stored = 0;
        for merge in statements.merge() {
            stored += session.execute(statements, merge)?;
        }
    }
    write_beside(session, beside.0, beside.1)?;
    session.run("COMMIT")?;
    let (superseded, repeated) = if order.keep == Keep::Last { (all - sent, 0) } else { (0, all - sent) };
    Ok(Written { inserted: stored.min(sent), ignored: repeated + sent.saturating_sub(stored), superseded })
}
