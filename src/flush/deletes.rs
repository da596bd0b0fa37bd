//! Deletes by key: one statement for all of them, their keys as one array a column, so that the table's index is used
//! whatever the planner thinks of the number of keys.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use super::classify::During;
use super::rows::{Plan, Rows};
use super::session::{Attempt, Session};
use super::statements::{Statement, Statements};
use crate::batch::RowFormat;
use crate::fields::fields;

/// Deletes the rows whose keys these entries hold.
pub fn delete(session: &mut Session, statements: &Statements, rows: &Rows<'_>, deletes: Vec<u32>) -> Attempt<()> {
    // In the order of the keys, as rows are: processes that share keys lock them in the same order.
    let plan = Plan::new(rows, deletes, false);
    for run in &plan.runs {
        let statement = match run.format {
            RowFormat::Binary => Statement::DeleteBinary,
            RowFormat::Text => Statement::DeleteText,
        };
        let prepared = session.prepare(statements, statement)?;
        let mut columns: Vec<Elements> = prepared.params().iter().map(|_| Elements::default()).collect();
        for &row in &plan.order[run.stretch.clone()] {
            for (column, field) in columns.iter_mut().zip(fields(run.format, rows.row(row as usize))) {
                column.push(field.value().as_deref());
            }
        }
        let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
        let result = session.client().execute(&prepared, &parameters);
        result.map_err(|error| session.failed(&error, During::Statement).of_statement(statements.text(statement)))?;
    }
    Ok(())
}

/// Deletes nothing, to see whether the server takes the statement.
pub fn delete_nothing(session: &mut Session, statements: &Statements) -> Attempt<()> {
    let prepared = session.prepare(statements, Statement::DeleteBinary)?;
    let columns: Vec<Elements> = prepared.params().iter().map(|_| Elements::default()).collect();
    let parameters: Vec<&(dyn ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
    let result = session.client().execute(&prepared, &parameters);
    result.map(drop).map_err(|error| {
        session.failed(&error, During::Statement).of_statement(statements.text(Statement::DeleteBinary))
    })
}

/// The elements of a one-dimensional array, in the binary form of their type.
#[derive(Debug, Default)]
struct Elements {
    count: i32,
    has_null: bool,
    bytes: Vec<u8>,
}

impl Elements {
    fn push(&mut self, element: Option<&[u8]>) {
        self.count += 1;
        self.has_null |= element.is_none();
        let length = element.map_or(-1, |element| element.len() as i32);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(element.unwrap_or_default());
    }
}

impl ToSql for Elements {
    fn to_sql(&self, array: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(element) = array.kind() else { return Err(format!("{array} is not an array").into()) };
        for number in [1, i32::from(self.has_null), element.oid().cast_signed(), self.count, 1] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
