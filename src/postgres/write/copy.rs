//! One `COPY … FROM STDIN`: rows streamed in large blocks.

use super::path::CopyStatements;
use bytes::BytesMut;

use super::rows::{CopyPlan, Rows, Run};
use crate::batch::{BINARY_HEADER, BINARY_TRAILER, RowFormat};
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::{CopyIn, Error};
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::statements::{Statement, Statements};

/// Bytes handed to the driver at once: it holds a copy of each block.
const BLOCK: usize = 64 << 10;

/// Sends all rows of a plan; returns how many the server says it stored.
pub fn copy(
    session: &mut Session,
    statements: &Statements,
    into: CopyStatements,
    rows: &Rows<'_>,
    plan: &CopyPlan,
) -> Attempt<u64> {
    let mut stored = 0;
    for run in &plan.runs {
        stored +=
            copy_run(session, statements, into.statement(run.format), rows, plan, run).map_err(|mut failure| {
                // The line counts this COPY's rows; say which row of the batch that is.
                let line = failure.line.and_then(|line| run.stretch.clone().nth(line.checked_sub(1)?));
                failure.row = line.map(|at| rows.origin(plan.order[at]));
                failure
            })?;
    }
    Ok(stored)
}

fn copy_run(
    session: &mut Session,
    statements: &Statements,
    statement: Statement,
    rows: &Rows<'_>,
    plan: &CopyPlan,
    run: &Run,
) -> Attempt<u64> {
    let order = &plan.order[run.stretch.clone()];
    send(session, statements, statement, run.format, rows.slices(order))
}

/// A COPY without rows, to see whether the server takes it.
pub fn copy_nothing(
    session: &mut Session,
    statements: &Statements,
    into: CopyStatements,
    format: RowFormat,
) -> Attempt<u64> {
    send(session, statements, into.statement(format), format, std::iter::empty())
}

fn send<'a>(
    session: &mut Session,
    statements: &Statements,
    statement: Statement,
    format: RowFormat,
    slices: impl Iterator<Item = &'a [u8]>,
) -> Attempt<u64> {
    let prepared = statements.prepare(session, statement)?;
    let sent = session.client().copy_in(&prepared).and_then(|copy| stream(copy, format, slices));
    sent.map_err(|error| session.failed(&error, During::Copy).of_statement(statements.text(statement)))
}

fn stream<'a>(mut copy: CopyIn<'_>, format: RowFormat, slices: impl Iterator<Item = &'a [u8]>) -> Result<u64, Error> {
    let binary = format == RowFormat::Binary;
    let mut buffer = BytesMut::with_capacity(BLOCK);
    if binary {
        buffer.extend_from_slice(BINARY_HEADER);
    }
    for mut slice in slices {
        while !slice.is_empty() {
            let (part, rest) = slice.split_at(slice.len().min(BLOCK - buffer.len()));
            buffer.extend_from_slice(part);
            slice = rest;
            if buffer.len() == BLOCK {
                copy.send(buffer.split().freeze())?;
                // The driver no longer uses the block, so this reuses its memory.
                buffer.reserve(BLOCK);
            }
        }
    }
    if binary {
        buffer.extend_from_slice(BINARY_TRAILER);
    }
    if !buffer.is_empty() {
        copy.send(buffer.freeze())?;
    }
    // Without this call the COPY is aborted, so that a part of the rows is never taken for all of them.
    copy.finish()
}
