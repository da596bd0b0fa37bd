//! One transaction: the net effect of some rows of a batch, on one path.

use super::copy::copy;
use super::deletes::delete;
use super::patches::patch;
use super::reduce::Keep;
use super::rows::{CopyPlan, Rows};
use super::statements::{Statement, Statements};
use super::written::Written;
use crate::postgres::catalog::shape::commit;
use crate::postgres::connect::session::{Attempt, Session};
use crate::postgres::dead_letter_table::{Beside, DeadLetterTable, write_beside};
use crate::postgres::write::net_effect::Net;

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

/// How a transaction treats rows of one key.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub keep: Keep,
    /// The order of arrival matters because of constraints that a key image doesn't show.
    pub in_order: bool,
    /// Rows of one key have one key image.
    pub exact: bool,
    /// A row is stored with the key that was sent: no trigger changes it.
    pub key_as_sent: bool,
}

/// What a transaction does in addition to its rows, and the table for its dead letters.
pub type Besides<'a> = (Option<&'a DeadLetterTable>, &'a Beside);

/// Begins a transaction in which [`apply`] can work.
pub fn begin(session: &mut Session, statements: &Statements, path: Path, net: &Net) -> Attempt<()> {
    if path == Path::Staged || !net.patches.is_empty() || !net.upserts.is_empty() {
        session.begin_with_staging(statements)
    } else {
        session.begin()
    }
}

/// Writes a net effect and commits. COPY is never sent as a transaction of its own: its answer comes before the commit,
/// and what fails then (a deferred constraint, a Greenplum segment) would go unnoticed.
pub fn transaction(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    net: Net,
    path: Path,
    order: Order,
    beside: Besides<'_>,
) -> Attempt<Written> {
    begin(session, statements, path, &net)?;
    let written = apply(session, statements, rows, net, path, order)?;
    write_beside(session, beside.0, beside.1)?;
    commit(session)?;
    Ok(written)
}

/// Deletes, then what replaces rows, then what adds some: the strongest locks first, since Greenplum without its deadlock
/// detector knows none but the table's.
pub fn apply(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    net: Net,
    path: Path,
    order: Order,
) -> Attempt<Written> {
    let Net { deletes, patches, upserts, rows: kept, superseded, ignored, .. } = net;
    let mut written = Written { superseded, ignored, ..Written::default() };
    if !deletes.is_empty() {
        written.deleted = deletes.len() as u64;
        delete(session, statements, rows, deletes)?;
    }
    if !patches.is_empty() {
        written.inserted += patches.len() as u64;
        patch(session, statements, rows, &patches)?;
    }
    if !upserts.is_empty() {
        written.inserted += upserts.len() as u64;
        let plan = CopyPlan::new(rows, upserts, order.in_order);
        copy(session, statements, Path::Staged.into(), rows, &plan)?;
        for upsert in statements.upsert() {
            session.execute(statements, upsert)?;
        }
        session.execute(statements, Statement::ClearStaging)?;
    }
    if !kept.is_empty() {
        let sent = kept.len() as u64;
        let plan = CopyPlan::new(rows, kept, order.in_order);
        let mut stored = copy(session, statements, path.into(), rows, &plan)?;
        if path == Path::Staged {
            stored = 0;
            for merge in statements.merge() {
                stored += session.execute(statements, merge)?;
            }
        }
        written.inserted += stored.min(sent);
        written.ignored += sent.saturating_sub(stored);
    }
    Ok(written)
}
