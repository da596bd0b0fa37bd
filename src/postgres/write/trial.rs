//! Transactions that are rolled back: they show whether the table takes rows, and which row has a key that is there already.

use std::ops::Range;

use super::copy::copy_nothing;
use super::deletes::delete_nothing;
use super::others::resolve_nothing;
use super::rows::Rows;
use crate::batch::RowFormat;
use crate::postgres::connect::classify::{Class, During};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::order::Order;
use crate::postgres::schema::statements::Statements;
use crate::postgres::write::net_effect::net;
use crate::postgres::write::path::Path;
use crate::postgres::write::row_by_row::{How, is_the_rows_own, write_one};
use crate::postgres::write::transaction::{apply, begin};

/// Runs `work` in a transaction that is rolled back. Deferred constraints are checked before that.
fn rolled_back<T>(
    session: &mut Session,
    staged: Option<&Statements>,
    work: impl FnOnce(&mut Session) -> Attempt<T>,
) -> Attempt<T> {
    match staged {
        Some(statements) => session.begin_with_staging(&statements.staging)?,
        None => session.begin_without_rows()?,
    }
    let done = work(session)?;
    session.run("SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK")?;
    Ok(done)
}

/// Runs the statements of a path without any row: if they are refused, no row is at fault.
pub fn nothing(session: &mut Session, statements: &Statements, path: Path, deletes: bool) -> Attempt<()> {
    rolled_back(session, (path == Path::Staged).then_some(statements), |session| {
        // As text: some types have no binary form.
        copy_nothing(session, statements, path.into(), RowFormat::Text)?;
        if path == Path::Staged {
            statements.store().try_for_each(|statement| statements.execute(session, statement).map(drop))?;
        }
        resolve_nothing(session, statements)?;
        if deletes { delete_nothing(session, statements) } else { Ok(()) }
    })
}

/// The first of some rows that is accepted alone.
pub fn sample(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    picks: &[usize],
    how: How<'_>,
) -> Attempt<Option<usize>> {
    rolled_back(session, Some(statements), |session| {
        for &row in picks {
            session.run("SAVEPOINT vecsink_step")?;
            let tried = write_one(session, statements, rows, row, how);
            match tried.and_then(|_| session.run("SET CONSTRAINTS ALL IMMEDIATE")) {
                Ok(()) => return Ok(Some(row)),
                Err(failure) if is_the_rows_own(&failure, how) => session.run("ROLLBACK TO SAVEPOINT vecsink_step")?,
                Err(failure) => return Err(failure),
            }
        }
        Ok(None)
    })
}

/// Inserts a copy of a row that the table has. `None`: this can't be tried, or proves nothing.
pub fn insert_copy(session: &mut Session, statements: &Statements) -> Attempt<Option<()>> {
    let tried = rolled_back(session, None, |session| {
        // A trial must not take long.
        session.run("SET LOCAL statement_timeout TO 5000")?;
        let inserted = session.client().execute(&statements.insert_copy, &[]);
        inserted.map_err(|error| session.failed(&error, During::Statement).of_statement(&statements.insert_copy))
    });
    match tried {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(())),
        // The copy's key exists already. The server checks unique keys last, so it has accepted everything else.
        Err(failure) if failure.class == Class::Conflict => Ok(Some(())),
        Err(failure) if failure.class == Class::TooLong => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The row in conflict: the one whose key is there already. It is found by halving: of the ranges that begin where `range` begins and are
/// refused because of a key, the shortest one ends with this row.
pub fn find_conflict(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    range: Range<usize>,
    path: Path,
    order: Order,
) -> Attempt<Option<usize>> {
    let (mut accepted, mut refused) = (range.start, range.end);
    while refused - accepted > 1 {
        let middle = accepted + (refused - accepted) / 2;
        let Some(net) = net(rows, range.start..middle, order.keep) else { return Ok(None) };
        begin(session, statements, path, &net)?;
        let tried = apply(session, statements, rows, net, path, order)
            .and_then(|_| session.run("SET CONSTRAINTS ALL IMMEDIATE"));
        session.recover();
        match tried {
            Ok(()) => accepted = middle,
            Err(failure) if failure.class == Class::Conflict => refused = middle,
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(accepted))
}
