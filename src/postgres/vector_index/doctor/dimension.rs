//! An index, a column and a job that disagree on the length of vectors.

use super::Finding;
use super::create_index::{Measure, create_index, operator_of, usual_measure};
use super::facts::{ColumnFacts, DoctorFacts};

pub fn differs(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for column in &facts.columns {
        if let (Some(length), Some(job)) = (column.dimension, facts.job.dimension)
            && length != job
        {
            found.push(Finding {
                text: format!(
                    "the job's vector.dimension is {job}, but column {} takes vectors of {length} dimensions only: vectors of the \
                     job's length are rejected",
                    column.name
                ),
                remedy: format!(
                    "ALTER TABLE {} ALTER COLUMN {} TYPE {} -- or change vector.dimension to {length}",
                    facts.table.quoted,
                    column.quoted(),
                    column.type_with(job)
                ),
            });
        }
        let Some(length) = column.dimension.or(facts.job.dimension) else { continue };
        for index in facts.indexes_of(column) {
            let Some(indexed) = index.dimension.filter(|&indexed| indexed != length) else { continue };
            let says = if column.dimension.is_some() { "the column" } else { "the job's vector.dimension" };
            let served = Measure::ALL.into_iter().find(|measure| operator_of(&index.class) == Some(measure.operator()));
            let wanted = ColumnFacts { length: Some(length), ..column.clone() };
            let create = create_index(facts, &wanted, served.unwrap_or_else(|| usual_measure(facts)));
            found.push(Finding {
                text: format!(
                    "index {} takes vectors of {indexed} dimensions, {says} says {length}: the server refuses each row",
                    index.name
                ),
                remedy: format!("DROP INDEX{} {}; {create}", facts.concurrently(), index.quoted),
            });
        }
    }
    found
}
