//! Vector indexes that are missing, unfinished or there twice.

use super::create_index::{can_be_indexed, create_index, usual_measure};
use super::facts::{DoctorFacts, IndexFacts};
use super::reindex::reindex;
use super::{Finding, queries};

/// A column that no index serves. A job that defers the index builds it itself.
pub fn missing(facts: &DoctorFacts) -> Vec<Finding> {
    if facts.job.defers {
        return Vec::new();
    }
    let columns = facts.columns.iter().filter(|column| facts.indexes_of(column).next().is_none());
    let finding = |column: &super::facts::ColumnFacts| {
        let rows = facts.table.live_rows;
        let text = format!(
            "column {} has no vector index: a search for the nearest vectors reads all rows (now {rows})",
            column.name
        );
        if !can_be_indexed(column) {
            return Finding {
                text: format!(
                    "{text}; it is too long for an index of its values (4,000 dimensions), but not for one of its signs"
                ),
                remedy: format!(
                    "CREATE INDEX{} ON {} USING hnsw ((binary_quantize({})::bit({})) bit_hamming_ops)",
                    facts.concurrently(),
                    facts.table.quoted,
                    column.quoted(),
                    column.length.unwrap_or_default()
                ),
            };
        }
        Finding { text, remedy: create_index(facts, column, usual_measure(facts)) }
    };
    columns.map(finding).collect()
}

/// What CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left when it failed.
pub fn invalid(facts: &DoctorFacts) -> Vec<Finding> {
    let indexes = facts.indexes.iter().filter(|index| !index.valid && !index.in_progress);
    let finding = |index: &IndexFacts| {
        let text = format!("index {} is invalid: no query uses it, but each row is still put into it", index.name);
        let is_copy = |end: &str| index.name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(end);
        let drop = format!("DROP INDEX{} {}", facts.concurrently(), index.quoted);
        let remedy = match () {
            () if facts.table.partitioned => {
                format!(
                    "-- make the index on each partition that lacks it, then: ALTER INDEX {} ATTACH PARTITION …",
                    index.quoted
                )
            }
            // The index that REINDEX CONCURRENTLY was to replace is still there.
            () if is_copy("_ccnew") || is_copy("_ccold") => drop,
            () if facts.server.version >= 120_000 => reindex(facts, index),
            () => format!("{drop}; {}", index.definition),
        };
        Finding { text, remedy }
    };
    indexes.map(finding).collect()
}

/// Two indexes that serve the same queries.
pub fn duplicate(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let valid: Vec<&IndexFacts> = facts.indexes.iter().filter(|index| index.valid).collect();
    for (at, index) in valid.iter().enumerate() {
        let expression = |index: &IndexFacts| index.expression.as_deref().map(queries::plain);
        let same = |other: &&&IndexFacts| {
            other.column == index.column
                && other.class == index.class
                && expression(other) == expression(index)
                && other.predicate == index.predicate
        };
        let Some(other) = valid[..at].iter().find(same) else { continue };
        let (kept, dropped) = if index.scans > other.scans { (index, other) } else { (other, index) };
        found.push(Finding {
            text: format!(
                "indexes {} ({}, used {} times) and {} ({}, used {} times) serve the same queries, and each costs upkeep for every row",
                kept.name, kept.method, kept.scans, dropped.name, dropped.method, dropped.scans
            ),
            remedy: format!("DROP INDEX{} {}", facts.concurrently(), dropped.quoted),
        });
    }
    found
}
