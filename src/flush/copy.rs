//! One `COPY … FROM STDIN`: rows streamed in large pieces.

use std::io::{self, BufWriter, Write};

use super::classify::During;
use super::failure::Failure;
use super::rows::{Plan, Rows, Run};
use super::session::{Attempt, Session};
use super::statements::{Statement, Statements};
use crate::batch::{BINARY_HEADER, BINARY_TRAILER, RowFormat};

/// Bytes handed to the driver at once: it holds each piece twice.
const PIECE: usize = 64 << 10;

/// The COPY statements of a path, for either format.
#[derive(Debug, Clone, Copy)]
pub struct Into {
    pub binary: Statement,
    pub text: Statement,
}

impl Into {
    pub fn statement(self, format: RowFormat) -> Statement {
        match format {
            RowFormat::Binary => self.binary,
            RowFormat::Text => self.text,
        }
    }
}

/// Sends all rows of a plan; returns how many the server says it stored.
pub fn copy(session: &mut Session, statements: &Statements, into: Into, rows: &Rows<'_>, plan: &Plan) -> Attempt<u64> {
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
    plan: &Plan,
    run: &Run,
) -> Attempt<u64> {
    let order = &plan.order[run.stretch.clone()];
    send(session, statements, statement, run.format, rows.pieces(order))
}

/// A COPY without rows, to see whether the server takes it.
pub fn copy_nothing(session: &mut Session, statements: &Statements, into: Into, format: RowFormat) -> Attempt<u64> {
    send(session, statements, into.statement(format), format, std::iter::empty())
}

fn send<'a>(
    session: &mut Session,
    statements: &Statements,
    statement: Statement,
    format: RowFormat,
    pieces: impl Iterator<Item = &'a [u8]>,
) -> Attempt<u64> {
    let prepared = session.prepare(statements, statement)?;
    let result = session.client().copy_in(&prepared).map(|mut writer| {
        // Without `finish` the COPY is aborted: half of the rows must not count as all.
        stream(&mut writer, format, pieces).map(|()| writer.finish())
    });
    match result {
        Ok(Ok(Ok(stored))) => Ok(stored),
        Ok(Ok(Err(error))) | Err(error) => Err(session.failed(&error, During::Copy)),
        Ok(Err(error)) => {
            session.abandon();
            Err(Failure::outage(error.to_string()))
        }
    }
}

fn stream<'a>(out: &mut impl Write, format: RowFormat, pieces: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
    let binary = format == RowFormat::Binary;
    let mut out = BufWriter::with_capacity(PIECE / 2, out);
    if binary {
        out.write_all(BINARY_HEADER)?;
    }
    for piece in pieces {
        for part in piece.chunks(PIECE) {
            out.write_all(part)?;
        }
    }
    if binary {
        out.write_all(BINARY_TRAILER)?;
    }
    out.flush()
}
