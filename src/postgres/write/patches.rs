//! Updates that carry only some columns, of rows that are in the table.

use super::copy::copy;
use super::others::lock_hot_child;
use super::rows::{CopyPlan, Rows};
use crate::postgres::connect::classify::Class;
use crate::postgres::connect::failure::Attempt;
use crate::postgres::connect::failure::AttemptError;
use crate::postgres::connect::session::Session;
use crate::postgres::schema::order::Order;
use crate::postgres::schema::statements::{Statement, Statements};
use crate::postgres::write::path::Path;
use crate::types::fields::fields;

/// How often each table of a tree is updated as long as the tree has all the rows. Without a limit, a trigger that suppresses updates
/// would let the loop run for ever.
const MOST_PASSES: u32 = 5;

/// Updates the rows of these entries: by one statement for all entries that carry the same columns. The staging table is empty before
/// and after. Returns how many rows had the carried values already.
pub fn patch(
    session: &mut Session,
    statements: &Statements,
    rows: &mut Rows<'_>,
    patches: &[u32],
    order: Order,
) -> Attempt<u64> {
    let mut all_unchanged = 0;
    let mut by_columns: Vec<(Vec<usize>, Vec<u32>)> = Vec::new();
    for &row in patches {
        let carried = carried(rows, row);
        let staged = rows.without_unchanged(row);
        match by_columns.iter_mut().find(|(columns, _)| *columns == carried) {
            Some((_, same)) => same.push(staged),
            None => by_columns.push((carried, vec![staged])),
        }
    }
    for (columns, staged) in by_columns {
        let (first, count) = (staged.first().copied(), staged.len() as u64);
        let plan = CopyPlan::new(rows, staged, false);
        copy(session, statements, Path::Staged.into(), rows, &plan)?;
        let compared = statements.unchanged().filter(|_| order.leaves_unchanged);
        let unchanged = match compared.and_then(|compared| compared.drop(&columns)) {
            Some(sql) => {
                lock_hot_child(session, statements)?;
                session.run_and_count(&sql)?
            }
            None => 0,
        };
        all_unchanged += unchanged;
        let count = count.saturating_sub(unchanged);
        let tables = statements.patch(&columns);
        let mut updated = update(session, &tables)?;
        // If another process replaces a row meanwhile, the row goes from a table that we haven't updated yet into the hot child, which we
        // have updated already.
        let mut passes = 1;
        while updated < count && passes < MOST_PASSES && statements.has_all_staged(session)? {
            updated = update(session, &tables)?;
            passes += 1;
        }
        statements.execute(session, Statement::ClearStaging)?;
        if updated < count {
            let text = "no row of this key is in the table, and the update carries only some of its columns";
            // Where none of the rows was found, the first one was certainly not.
            let row = first.filter(|_| updated + unchanged == 0).map(|first| rows.origin(first));
            return Err(AttemptError { row, ..AttemptError::of(Class::Value, text) });
        }
    }
    Ok(all_unchanged)
}

/// Updates each table of the tree. Returns the total number of rows.
fn update(session: &mut Session, tables: &[String]) -> Attempt<u64> {
    let mut updated = 0;
    for sql in tables {
        updated += session.run_and_count(sql)?;
    }
    Ok(updated)
}

/// The columns that an entry carries.
fn carried(rows: &Rows<'_>, row: u32) -> Vec<usize> {
    let fields = fields(rows.format(row as usize), rows.row(row as usize)).enumerate();
    fields.filter(|(_, field)| !field.is_unchanged()).map(|(column, _)| column).collect()
}
