//! HNSW's parameters.

use super::Finding;
use super::facts::{DoctorFacts, IndexFacts};
use super::reindex::reindex_with;

/// pgvector's defaults of m and ef_construction.
pub const DEFAULTS: (usize, usize) = (16, 64);

/// ADBPG's defaults of the same.
pub const ANN_DEFAULTS: (usize, usize) = (32, 600);

/// pgvector accepts an ef_construction of 2 · m or more. Its default is 4 · m.
const EF_FOR_M: usize = 4;

/// With this many dimensions or more, searches miss rows if m is below 16.
const MANY_DIMENSIONS: usize = 256;

/// m and ef_construction of an index. `None`: it is of another kind.
pub fn parameters(index: &IndexFacts) -> Option<(usize, usize)> {
    let ((m, ef), names) = match index.method.as_str() {
        "hnsw" => (DEFAULTS, ["m", "ef_construction"]),
        "ann" => (ANN_DEFAULTS, ["hnsw_m", "hnsw_ef_construction"]),
        _ => return None,
    };
    Some((index.number(names[0]).unwrap_or(m), index.number(names[1]).unwrap_or(ef)))
}

pub fn ef_construction(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |index: &IndexFacts| {
        let (m, ef) = parameters(index).filter(|_| index.method == "hnsw")?;
        (ef < EF_FOR_M * m).then(|| Finding {
            text: format!(
                "index {} has ef_construction = {ef} for m = {m}: few neighbours are looked at, so its links are poor and searches miss \
                 rows; {} or more is usual",
                index.name,
                EF_FOR_M * m
            ),
            remedy: reindex_with(facts, index, &format!("ef_construction = {}", EF_FOR_M * m)),
        })
    };
    facts.indexes.iter().filter_map(finding).collect()
}

/// The links that the vendor advises for ADBPG's index.
fn advised_by_adbpg(dimension: usize) -> usize {
    match dimension {
        0..=384 => 16,
        385..=768 => 32,
        769..=1024 => 64,
        _ => 128,
    }
}

pub fn m(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |index: &IndexFacts| {
        let ((m, ef), column) = (parameters(index)?, facts.column(index)?);
        let length = index.dimension.or(column.length)?;
        let ann = index.method == "ann";
        let advised = match ann {
            true => advised_by_adbpg(length),
            false if length >= MANY_DIMENSIONS => DEFAULTS.0,
            false => return None,
        };
        let options = if ann {
            format!("hnsw_m = {advised}")
        } else {
            format!("m = {advised}, ef_construction = {}", ef.max(EF_FOR_M * advised))
        };
        (m < advised).then(|| Finding {
            text: format!(
                "index {} links each vector to m = {m} others, which is few for {length} dimensions ({advised} are advised): searches \
                 miss rows",
                index.name
            ),
            remedy: reindex_with(facts, index, &options),
        })
    };
    facts.indexes.iter().filter_map(finding).collect()
}
