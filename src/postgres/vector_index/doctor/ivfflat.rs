//! IVFFlat: its lists are made once, from the rows that the table had when the index was built.

use super::Finding;
use super::facts::{DoctorFacts, IndexFacts};
use super::reindex::reindex_with;

/// pgvector's default.
const DEFAULT_LISTS: usize = 100;

/// Below this many rows any search is fast.
const FEW_ROWS: u64 = 1_000;

/// A table has grown much if it has more than this many times the rows from which the lists were made.
const MUCH_GROWN: u64 = 4;

/// The number of lists is wrong if it is more than this many times too large or too small.
const FAR_OFF: u64 = 8;

fn indexes(facts: &DoctorFacts) -> impl Iterator<Item = &IndexFacts> {
    facts.indexes.iter().filter(|index| index.method == "ivfflat" && index.valid)
}

/// As pgvector's README advises.
fn advised_lists(rows: u64) -> u64 {
    if rows <= 1_000_000 { (rows / 1_000).max(1) } else { rows.isqrt() }
}

/// The rows of an index are counted at its build or later. So if few were counted, there were no more at the build, unless rows were
/// deleted in between.
pub fn trained_on_few_rows(facts: &DoctorFacts) -> Vec<Finding> {
    let rows = facts.table.live_rows;
    let small = |index: &&IndexFacts| rows >= FEW_ROWS && index.counted_rows * MUCH_GROWN < rows;
    let finding = |index: &IndexFacts| Finding {
        text: format!(
            "index {} made its lists when the table had about {} rows, and now it has about {rows}: the lists don't fit the data, so searches \
             miss rows",
            index.name, index.counted_rows
        ),
        remedy: reindex_with(facts, index, &format!("lists = {}", advised_lists(rows))),
    };
    indexes(facts).filter(small).map(finding).collect()
}

pub fn lists(facts: &DoctorFacts) -> Vec<Finding> {
    let rows = facts.table.live_rows;
    let advised = advised_lists(rows);
    let finding = |index: &IndexFacts| {
        let lists = index.number("lists").unwrap_or(DEFAULT_LISTS) as u64;
        let what = match () {
            () if rows < FEW_ROWS || index.counted_rows * MUCH_GROWN < rows => return None,
            () if lists > advised * FAR_OFF => "a search looks into too few rows and misses near ones",
            () if lists * FAR_OFF < advised => "a search reads long lists",
            () => return None,
        };
        Some(Finding {
            text: format!(
                "index {} has {lists} lists for {rows} rows, where about {advised} are advised: {what}",
                index.name
            ),
            remedy: reindex_with(facts, index, &format!("lists = {advised}")),
        })
    };
    indexes(facts).filter_map(finding).collect()
}
