//! Whether the server can say which rows are in the table already, exactly so, and whether these rows are left alone.

use super::column::CatalogColumn;
use super::triggers;
use crate::error::Result;
use crate::postgres::catalog::unreadable::unreadable;
use crate::postgres::connect::session::Session;
use crate::settings::{ConflictMode, Sink};
use crate::types::column_types::ColumnType;

/// How the server compares two rows exactly. Equality by the columns' types isn't exact: it takes 1.0 and 1.00 for equal, and
/// -0.0 and 0.0, and some types have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactComparison {
    /// By the bytes in which the values are stored: `record_image_eq`.
    Stored,
    /// By the bytes in which the values are sent to clients. For servers without the function for stored ones: PostgreSQL 9.3.
    Sent,
}

/// When a batch is compared with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareBatches {
    /// Always: the job says so, or the table has a vector index, which costs much more than the comparison.
    Always,
    /// As long as the comparison finds unchanged rows.
    WhereItPays,
}

/// Rows that are in the table already, exactly so, and what is done with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnchangedRows {
    /// How they are recognized, and when. `None`: they are written.
    pub left_alone: Option<(ExactComparison, CompareBatches)>,
    /// Why they are written although the job doesn't demand it, and what to do about it.
    pub why_not: Option<String>,
}

/// What decides whether rows are compared.
pub struct Compared<'a> {
    pub oid: u32,
    /// `schema.table`.
    pub name: &'a str,
    /// The written columns.
    pub columns: &'a [CatalogColumn],
    pub has_triggers: bool,
    pub has_vector_index: bool,
}

impl UnchangedRows {
    pub fn read(session: &mut Session, sink: &Sink, table: &Compared<'_>) -> Result<UnchangedRows> {
        let replaces = match sink.conflict_mode {
            ConflictMode::Upsert => true,
            ConflictMode::Strict => sink.changing,
            ConflictMode::Ignore => false,
        };
        if !replaces || sink.skip_unchanged == Some(false) {
            return Ok(UnchangedRows::default());
        }
        let unreadable_columns: Vec<&str> =
            table.columns.iter().filter(|column| !column.may_select).map(|column| column.name.as_str()).collect();
        if !unreadable_columns.is_empty() {
            return Ok(UnchangedRows::written(format!(
                "rows that change nothing are written, too, because the user may not read {}: GRANT SELECT on the table \
                 lets them be left alone",
                unreadable_columns.join(", ")
            )));
        }
        if sink.skip_unchanged.is_none() && table.has_triggers {
            let triggers = triggers::that_upserts_fire(session, table.oid, table.name)?;
            if !triggers.is_empty() {
                return Ok(UnchangedRows::written(format!(
                    "rows that change nothing are written, too, so that the trigger {} runs for them; with 'sink.skip-unchanged' = \
                     'true' they are left alone",
                    triggers.join(", ")
                )));
            }
        }
        let batches = match sink.skip_unchanged == Some(true) || table.has_vector_index {
            true => CompareBatches::Always,
            false => CompareBatches::WhereItPays,
        };
        let comparison = comparison(session, table)?;
        Ok(UnchangedRows { left_alone: comparison.map(|comparison| (comparison, batches)), why_not: None })
    }

    fn written(why: String) -> UnchangedRows {
        UnchangedRows { left_alone: None, why_not: Some(why) }
    }
}

/// `None`: the server has no exact comparison for one of the columns.
fn comparison(session: &mut Session, table: &Compared<'_>) -> Result<Option<ExactComparison>> {
    let by_image = session
        .client()
        .query_one(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_proc p
                            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                            WHERE n.nspname = 'pg_catalog' AND p.proname = 'record_image_eq')",
            &[],
        )
        .map_err(|error| unreadable(session, table.name, &error))?;
    if by_image.get(0) {
        return Ok(Some(ExactComparison::Stored));
    }
    // A type that we don't know may have no form to be sent in.
    let is_unknown = |column: &CatalogColumn| {
        let unknown = [ColumnType::TextOnly, ColumnType::Composite, ColumnType::OtherArray, ColumnType::Other];
        unknown.contains(&column.column_type)
    };
    Ok((!table.columns.iter().any(is_unknown)).then_some(ExactComparison::Sent))
}
