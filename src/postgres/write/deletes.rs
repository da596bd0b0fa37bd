//! Deletes by key: one statement for all of them, their keys as one array a column, so that the table's index is used
//! whatever the planner thinks of the number of keys.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::rows::{CopyPlan, Rows};
use crate::batch::RowFormat;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::Parameter;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::statements::{Statement, Statements};
use crate::types::fields::fields;

/// Deletes the rows whose keys these entries hold.
pub fn delete(session: &mut Session, statements: &Statements, rows: &Rows<'_>, deletes: Vec<u32>) -> Attempt<()> {
    // In the order of the keys, as rows are: processes that share keys lock them in the same order.
    let plan = CopyPlan::new(rows, deletes, false);
    for run in &plan.runs {
        let statement = match run.format {
            RowFormat::Binary => Statement::DeleteBinary,
            RowFormat::Text => Statement::DeleteText,
        };
        let mut columns = no_keys(statements, run.format);
        for &row in &plan.order[run.stretch.clone()] {
            for (column, field) in columns.iter_mut().zip(fields(run.format, rows.row(row as usize))) {
                column.push(field.value().as_deref());
            }
        }
        execute(session, statements, statement, &columns)?;
    }
    Ok(())
}

/// Deletes nothing, to see whether the server takes the statement.
pub fn delete_nothing(session: &mut Session, statements: &Statements) -> Attempt<()> {
    // As text: some types have no binary form.
    execute(session, statements, Statement::DeleteText, &no_keys(statements, RowFormat::Text))
}

/// An array for each of the key's columns, empty so far.
fn no_keys(statements: &Statements, format: RowFormat) -> Vec<ArrayElements> {
    let keys = statements.key_types.iter();
    match format {
        RowFormat::Binary => keys.map(|&element| ArrayElements::of(element)).collect(),
        RowFormat::Text => keys.map(|_| ArrayElements::of(Type::TEXT.oid())).collect(),
    }
}

fn execute(
    session: &mut Session,
    statements: &Statements,
    statement: Statement,
    keys: &[ArrayElements],
) -> Attempt<()> {
    let result = if session.is_behind_pooler() {
        let parameters: Vec<&dyn Parameter> = keys.iter().map(|column| column as _).collect();
        session.client().execute(statements.text(statement), &parameters)
    } else {
        let prepared = statements.prepare(session, statement)?;
        let parameters: Vec<&(dyn ToSql + Sync)> = keys.iter().map(|column| column as _).collect();
        session.client().execute_prepared(&prepared, &parameters)
    };
    let refused = |error| session.failed(&error, During::Statement).of_statement(statements.text(statement));
    result.map(drop).map_err(refused)
}

/// The elements of a one-dimensional array, in the binary form of their type.
#[derive(Debug, Default)]
struct ArrayElements {
    /// Their type's oid.
    element: u32,
    count: i32,
    has_null: bool,
    bytes: Vec<u8>,
}

impl ArrayElements {
    fn of(element: u32) -> ArrayElements {
        ArrayElements { element, ..ArrayElements::default() }
    }

    fn push(&mut self, element: Option<&[u8]>) {
        self.count += 1;
        self.has_null |= element.is_none();
        let length = element.map_or(-1, |element| element.len() as i32);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(element.unwrap_or_default());
    }
}

impl Parameter for ArrayElements {
    /// The statement says of which type they are.
    fn declared(&self) -> Type {
        Type::UNKNOWN
    }
}

impl ToSql for ArrayElements {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        for number in [1, i32::from(self.has_null), self.element.cast_signed(), self.count, 1] {
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
