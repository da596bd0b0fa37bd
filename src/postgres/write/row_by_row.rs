//! Row by row, unreduced, in order, in one transaction: what can't be done at once, or was refused so. Slow and exact.

use std::ops::Range;

use super::reduce::Keep;
use super::rows::Rows;
use super::statements::{Statement, Statements};
use super::transaction::{Besides, Order, Path, Written, apply};
use crate::postgres::catalog::shape::commit;
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::{Attempt, Session};
use crate::postgres::dead_letter_table::write_beside;
use crate::postgres::write::net_effect::net;

/// What became of one row.
pub type RowOutcome = Result<Written, AttemptError>;

/// How rows are written one by one.
#[derive(Debug, Clone, Copy)]
pub struct How<'a> {
    pub path: Path,
    pub order: Order,
    /// An unexplained refusal ends the attempt, so that it is repeated.
    pub patient: bool,
    /// An error of the table or of the statement also ends the attempt: a new session may succeed.
    pub renews: bool,
    /// The key's columns. Where rows replace others, a row of the same key that comes in between is a race.
    pub key: &'a [String],
}

/// Writes each row of `range` for itself and commits those that were taken. A refusal that is a row's own costs only it.
pub fn stepwise(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    range: Range<usize>,
    how: How<'_>,
    beside: Besides<'_>,
) -> Attempt<Vec<RowOutcome>> {
    session.begin_with_stage(statements)?;
    let mut steps = Vec::with_capacity(range.len());
    for row in range {
        session.run("SAVEPOINT vecsink_step")?;
        match step(session, statements, rows, row, how) {
            Ok(written) => {
                session.run("RELEASE SAVEPOINT vecsink_step")?;
                steps.push(Ok(written));
            }
            Err(failure)
                if failure.class == Class::Conflict && how.order.keep == Keep::Last && failure.is_on(how.key) =>
            {
                return Err(AttemptError { class: Class::Contention, row: Some(row), ..failure });
            }
            Err(failure) if is_the_rows_own(&failure, how) => {
                session.run("ROLLBACK TO SAVEPOINT vecsink_step")?;
                steps.push(Err(failure));
            }
            Err(failure) => return Err(AttemptError { row: Some(row), ..failure }),
        }
    }
    write_beside(session, beside.0, beside.1)?;
    commit(session)?;
    Ok(steps)
}

pub fn step(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    row: usize,
    how: How<'_>,
) -> Attempt<Written> {
    let How { path, order, .. } = how;
    // One change alone always has a net effect.
    let Some(net) = net(rows, row..row + 1, order.keep) else { return Ok(Written::default()) };
    let written = apply(session, statements, rows, net, path, order)?;
    if path == Path::Staged {
        session.execute(statements, Statement::ClearStage)?;
    }
    Ok(written)
}

/// Whether a refusal may be the row's own fault. The caller looks for evidence.
pub fn is_the_rows_own(failure: &AttemptError, how: How<'_>) -> bool {
    match failure.class {
        Class::Value | Class::Row => true,
        // Under `strict` it stops the job, and nothing before it in the batch is committed.
        Class::Conflict => how.order.keep != Keep::Strict,
        Class::Configuration => !how.renews || failure.is("42501"),
        Class::Other => !how.patient,
        _ => false,
    }
}
