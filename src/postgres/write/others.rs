//! What is done in the other tables of a tree, after the hot child was written. Each statement has a snapshot of its own. So if a row was
//! moved while we wrote the hot child, the statement sees it in its new table.

use super::key_arrays::KeyArrays;
use super::rows::{CopyPlan, Rows};
use crate::batch::RowFormat;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::{Attempt, AttemptError};
use crate::postgres::connect::session::Session;
use crate::postgres::schema::others::{ByKey, OtherTable, Resolution};
use crate::postgres::schema::statements::{Statement, Statements};

/// Resolves rows that were just written to the hot child and whose keys another table has. Returns the number of these rows.
pub fn resolve(
    session: &mut Session,
    statements: &Statements,
    rows: &Rows<'_>,
    plan: &CopyPlan,
    resolution: Resolution,
) -> Attempt<u64> {
    let mut met = 0;
    for run in &plan.runs {
        let order = &plan.order[run.stretch.clone()];
        let keys = KeyArrays::of_rows(statements, run.format, rows, order);
        if resolution != Resolution::Refuse {
            met += in_each_other(session, statements, ByKey::Resolve(resolution), run.format, &keys)?;
            continue;
        }
        for other in &statements.others {
            if in_other(session, other, ByKey::Resolve(resolution), run.format, &keys)? > 0 {
                return Err(conflict(session, other, run.format, &keys, rows, order)?);
            }
        }
    }
    Ok(met)
}

/// Resolves rows that replace others. `unchanged`: the number of the plan's rows that were deleted from the staging table. They must stay
/// in the tables that have them.
pub fn replace(
    session: &mut Session,
    statements: &Statements,
    rows: &Rows<'_>,
    plan: &CopyPlan,
    unchanged: u64,
) -> Attempt<u64> {
    if unchanged == 0 {
        return resolve(session, statements, rows, plan, Resolution::Replace);
    }
    let mut met = 0;
    for other in &statements.others {
        let (number, sql) = other.replace_staged();
        met += session.execute(number, sql).map_err(|failure| other_failed(failure, other))?;
    }
    Ok(met)
}

/// Locks the hot child, as a write to it does. Needed before another table of the tree is read: a change of the tree locks the hot child
/// first, so the tree can't change while we hold this lock.
pub fn lock_hot_child(session: &mut Session, statements: &Statements) -> Attempt<()> {
    match statements.text(Statement::LockHotChild) {
        "" => Ok(()),
        _ => statements.execute(session, Statement::LockHotChild).map(drop),
    }
}

/// The statement that resolves rows without any row, to see whether the server takes it.
pub fn resolve_nothing(session: &mut Session, statements: &Statements) -> Attempt<()> {
    match statements.resolution {
        Some(resolution) => nothing_in_others(session, statements, ByKey::Resolve(resolution)),
        None => Ok(()),
    }
}

/// Executes a statement for each other table. Returns the total number of rows.
pub fn in_each_other(
    session: &mut Session,
    statements: &Statements,
    statement: ByKey,
    format: RowFormat,
    keys: &KeyArrays,
) -> Attempt<u64> {
    let mut rows = 0;
    for other in &statements.others {
        rows += in_other(session, other, statement, format, keys)?;
    }
    Ok(rows)
}

pub fn nothing_in_others(session: &mut Session, statements: &Statements, statement: ByKey) -> Attempt<()> {
    let keys = KeyArrays::none(statements, RowFormat::Text);
    in_each_other(session, statements, statement, RowFormat::Text, &keys).map(drop)
}

fn in_other(
    session: &mut Session,
    other: &OtherTable,
    statement: ByKey,
    format: RowFormat,
    keys: &KeyArrays,
) -> Attempt<u64> {
    let (number, sql) = (other.number(statement, format), other.text(statement, format));
    keys.execute(session, number, sql).map_err(|failure| other_failed(failure, other))
}

/// A sealed child that is gone was empty or merged, and so was dropped: the catalog must be read again.
fn other_failed(failure: AttemptError, other: &OtherTable) -> AttemptError {
    if other.is_sealed && failure.is("42P01") {
        return AttemptError::of(Class::Altered, format!("its sealed child {} is gone", other.name));
    }
    failure
}

/// The error of a row whose key another table has, under `strict`.
fn conflict(
    session: &mut Session,
    other: &OtherTable,
    format: RowFormat,
    keys: &KeyArrays,
    rows: &Rows<'_>,
    order: &[u32],
) -> Attempt<AttemptError> {
    let found = keys.query(session, other.first_conflict(format))?;
    let place = found.as_ref().and_then(|row| row.try_get::<_, i64>(0).ok());
    let row = place.and_then(|place| order.get(usize::try_from(place).ok()?.checked_sub(1)?));
    let mut text = "the key is in the table already".to_owned();
    let message_end = text.len();
    if let Some(found) = &found {
        let values = (1..found.len()).map(|at| found.try_get::<_, Option<&str>>(at).ok().flatten().unwrap_or("NULL"));
        text += &format!(": the key ({}) is in {}", values.collect::<Vec<_>>().join(", "), other.name);
    }
    Ok(AttemptError {
        sqlstate: Some("23505".to_owned()),
        row: row.map(|&row| rows.origin(row)),
        message_end,
        ..AttemptError::of(Class::Conflict, text)
    })
}
