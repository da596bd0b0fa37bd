//! One transaction: the net effect of some rows of a batch, on one path.

use std::time::{Duration, Instant};

use super::commit::{AfterRows, Ending, commit};
use super::copy::copy;
use super::deletes::delete;
use super::others::{lock_hot_child, replace, resolve};
use super::patches::patch;
use super::path::Path;
use super::rows::{CopyPlan, Rows};
use super::written::Written;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::order::{Keep, Order};
use crate::postgres::schema::others::Resolution;
use crate::postgres::schema::statements::{Statement, Statements};
use crate::postgres::write::net_effect::Net;

/// Begins a transaction in which [`apply`] can work.
pub fn begin(session: &mut Session, statements: &Statements, path: Path, net: &Net) -> Attempt<()> {
    if path == Path::Staged || !net.patches.is_empty() || !net.upserts.is_empty() {
        session.begin_with_staging(&statements.staging)
    } else {
        session.begin()
    }
}

/// How many round trips a COPY takes besides the server's work on its rows.
const ROUND_TRIPS: u32 = 2;

/// Writes a net effect and commits. COPY is never sent as a transaction of its own: its answer comes before the commit,
/// and what fails then (a deferred constraint, a Greenplum segment) would go unnoticed. Also returns about how long the server worked on
/// the rows.
pub fn transaction(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    net: Net,
    path: Path,
    order: Order,
    after: AfterRows<'_>,
) -> Attempt<(Ending, Written, Duration)> {
    let started = Instant::now();
    begin(session, statements, path, &net)?;
    let begun = Instant::now();
    let written = apply(session, statements, rows, net, path, order)?;
    // BEGIN is one round trip. But it may also have waited for something.
    let elapsed = begun.elapsed();
    let took = elapsed.saturating_sub((begun - started) * ROUND_TRIPS).max(elapsed / 2);
    Ok((commit(session, after)?, written, took))
}

/// Deletes, then what replaces rows, then what adds some: the strongest locks first, since Greenplum without its deadlock
/// detector locks the whole table. Where there is a tree, each of these steps changes the hot child first and the other tables
/// second.
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
        let unchanged = patch(session, statements, rows, &patches, order)?;
        written.inserted += (patches.len() as u64).saturating_sub(unchanged);
        written.unchanged += unchanged;
    }
    if !upserts.is_empty() {
        let sent = upserts.len() as u64;
        let plan = CopyPlan::new(rows, upserts, order.in_order);
        copy(session, statements, Path::Staged.into(), rows, &plan)?;
        let unchanged = drop_unchanged(session, statements, order)?;
        for upsert in statements.upsert() {
            statements.execute(session, upsert)?;
        }
        if statements.resolution.is_some() {
            replace(session, statements, rows, &plan, unchanged)?;
        }
        written.inserted += sent.saturating_sub(unchanged);
        written.unchanged += unchanged;
        statements.execute(session, Statement::ClearStaging)?;
    }
    if !kept.is_empty() {
        let sent = kept.len() as u64;
        let plan = CopyPlan::new(rows, kept, order.in_order);
        let mut stored = copy(session, statements, path.into(), rows, &plan)?;
        let mut unchanged = 0;
        if path == Path::Staged {
            stored = 0;
            // Under `strict` a row that the table has already is a conflict, even if both are equal.
            if order.keep == Keep::Last {
                unchanged = drop_unchanged(session, statements, order)?;
            }
            if unchanged < sent {
                for statement in statements.store() {
                    stored += statements.execute(session, statement)?;
                }
            }
        }
        match statements.resolution {
            Some(Resolution::Replace) => {
                written.replaced_in_others += replace(session, statements, rows, &plan, unchanged)?;
            }
            Some(Resolution::LeaveOut) => {
                stored = stored.saturating_sub(resolve(session, statements, rows, &plan, Resolution::LeaveOut)?);
            }
            Some(Resolution::Refuse) => drop(resolve(session, statements, rows, &plan, Resolution::Refuse)?),
            None => {}
        }
        let sent = sent.saturating_sub(unchanged);
        written.inserted += stored.min(sent);
        written.ignored += sent.saturating_sub(stored);
        written.unchanged += unchanged;
    }
    Ok(written)
}

/// How many of the staged rows the table has already, exactly so. They are no longer in the staging table.
fn drop_unchanged(session: &mut Session, statements: &Statements, order: Order) -> Attempt<u64> {
    // The text is empty where all columns are the key's.
    if order.leaves_unchanged && !statements.text(Statement::DropUnchanged).is_empty() {
        lock_hot_child(session, statements)?;
        statements.execute(session, Statement::DropUnchanged)
    } else {
        Ok(0)
    }
}
