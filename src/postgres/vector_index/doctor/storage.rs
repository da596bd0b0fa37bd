//! How vectors are stored that don't fit a page. `target/description.rs` warns of those that do.

use super::Finding;
use super::facts::{ColumnFacts, DoctorFacts};

/// About the bytes of a page that a vector can't use: the headers of page and row, and the row's other columns.
const PAGE_OVERHEAD: usize = 200;

/// Floats hardly become smaller by compression, but the server tries it for each row.
pub fn compressed(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |column: &ColumnFacts| {
        let bytes = column.length? * column.element_bytes?;
        let tries = matches!(column.storage, 'x' | 'm') && bytes + PAGE_OVERHEAD >= facts.server.block_size;
        tries.then(|| Finding {
            text: format!(
                "column {}: the server tries to compress vectors of {bytes} bytes, which costs time and saves nothing",
                column.name
            ),
            remedy: format!(
                "ALTER TABLE {} ALTER COLUMN {} SET STORAGE EXTERNAL -- for rows written later",
                facts.table.quoted,
                column.quoted()
            ),
        })
    };
    facts.columns.iter().filter_map(finding).collect()
}
