//! Keys as one array for each column of the key: the parameters of a statement that finds rows by many keys. So the table's index
//! is used whatever number of keys the planner expects.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::rows::Rows;
use crate::batch::RowFormat;
use crate::postgres::connect::classify::During;
use crate::postgres::connect::driver::Parameter;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::statements::Statements;
use crate::types::fields::fields;

/// An array for each of the key's columns.
pub struct KeyArrays(Vec<ArrayElements>);

impl KeyArrays {
    /// No keys.
    pub fn none(statements: &Statements, format: RowFormat) -> KeyArrays {
        let types = statements.key_types.iter();
        KeyArrays(match format {
            RowFormat::Binary => types.map(|&element| ArrayElements::of(element)).collect(),
            RowFormat::Text => types.map(|_| ArrayElements::of(Type::TEXT.oid())).collect(),
        })
    }

    /// The keys of entries that consist of nothing else.
    pub fn of_deletes(statements: &Statements, format: RowFormat, rows: &Rows<'_>, deletes: &[u32]) -> KeyArrays {
        let mut keys = KeyArrays::none(statements, format);
        for &row in deletes {
            for (column, field) in keys.0.iter_mut().zip(fields(format, rows.row(row as usize))) {
                column.push(field.value().as_deref());
            }
        }
        keys
    }

    /// The keys of whole rows.
    pub fn of_rows(statements: &Statements, format: RowFormat, rows: &Rows<'_>, order: &[u32]) -> KeyArrays {
        let mut keys = KeyArrays::none(statements, format);
        let needed = statements.key.iter().max().map_or(0, |last| last + 1);
        for &row in order {
            for (place, field) in fields(format, rows.row(row as usize)).take(needed).enumerate() {
                let column = keys.0.iter_mut().zip(&statements.key).find(|(_, column)| **column == place);
                if let Some((column, _)) = column {
                    column.push(field.value().as_deref());
                }
            }
        }
        keys
    }

    /// Executes a statement and returns the number of rows that it wrote or returned. A session prepares it under `number`.
    pub fn execute(&self, session: &mut Session, number: usize, sql: &str) -> Attempt<u64> {
        let result = if session.is_behind_pooler() {
            session.client().execute(sql, &self.parameters())
        } else {
            let prepared = session.prepare(number, sql)?;
            let parameters: Vec<&(dyn ToSql + Sync)> = self.0.iter().map(|column| column as _).collect();
            session.client().execute_prepared(&prepared, &parameters)
        };
        result.map_err(|error| session.failed(&error, During::Statement).of_statement(sql))
    }

    /// The first row that a query returns. It isn't prepared.
    pub fn query(&self, session: &mut Session, sql: &str) -> Attempt<Option<Row>> {
        let result = session.client().query_opt(sql, &self.parameters());
        result.map_err(|error| session.failed(&error, During::Statement).of_statement(sql))
    }

    fn parameters(&self) -> Vec<&dyn Parameter> {
        self.0.iter().map(|column| column as _).collect()
    }
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
    /// The statement decides their type.
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
