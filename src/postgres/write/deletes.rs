//! Deletes by key: one statement for all of them, and where there is a tree, one for each of its tables.

use super::key_arrays::KeyArrays;
use super::others::{in_each_other, nothing_in_others};
use super::rows::{CopyPlan, Rows};
use crate::batch::RowFormat;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::others::ByKey;
use crate::postgres::schema::statements::{Statement, Statements};

/// Deletes the rows whose keys these entries hold.
pub fn delete(session: &mut Session, statements: &Statements, rows: &Rows<'_>, deletes: Vec<u32>) -> Attempt<()> {
    // In the order of the keys, as rows are: processes that share keys lock them in the same order.
    let plan = CopyPlan::new(rows, deletes, false);
    for run in &plan.runs {
        let keys = KeyArrays::of_deletes(statements, run.format, rows, &plan.order[run.stretch.clone()]);
        execute(session, statements, run.format, &keys)?;
        in_each_other(session, statements, ByKey::Delete, run.format, &keys)?;
    }
    Ok(())
}

/// Deletes nothing, to see whether the server takes the statements.
pub fn delete_nothing(session: &mut Session, statements: &Statements) -> Attempt<()> {
    // As text: some types have no binary form.
    execute(session, statements, RowFormat::Text, &KeyArrays::none(statements, RowFormat::Text))?;
    nothing_in_others(session, statements, ByKey::Delete)
}

fn execute(session: &mut Session, statements: &Statements, format: RowFormat, keys: &KeyArrays) -> Attempt<()> {
    let statement = match format {
        RowFormat::Binary => Statement::DeleteBinary,
        RowFormat::Text => Statement::DeleteText,
    };
    keys.execute(session, statement as usize, statements.text(statement)).map(drop)
}
