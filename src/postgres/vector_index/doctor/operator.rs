//! The operators that queries order by, and those that the indexes serve.

use super::Finding;
use super::create_index::{Measure, create_index, operator_of};
use super::facts::{ColumnFacts, DoctorFacts, IndexFacts};

fn serving<'f>(
    facts: &'f DoctorFacts,
    column: &'f ColumnFacts,
) -> impl Iterator<Item = (&'f IndexFacts, &'static str)> {
    let usable = facts.indexes_of(column).filter(|index| index.valid);
    usable.filter_map(|index| operator_of(&index.class).map(|operator| (index, operator)))
}

/// Finds operators of queries that were seen and that no index serves.
pub fn not_used_by_queries(facts: &DoctorFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    for column in &facts.columns {
        let indexes: Vec<_> = serving(facts, column).collect();
        if indexes.is_empty() {
            continue;
        }
        let mut operators: Vec<(&str, u64)> = Vec::new();
        for query in facts.queries.iter().flatten().filter(|query| query.column == column.number) {
            match operators.iter_mut().find(|(operator, _)| *operator == query.operator) {
                Some((_, calls)) => *calls += query.calls,
                None => operators.push((&query.operator, query.calls)),
            }
        }
        for (operator, calls) in operators {
            let measure = Measure::ALL.into_iter().find(|measure| measure.operator() == operator);
            let Some(measure) = measure.filter(|_| indexes.iter().all(|(_, served)| *served != operator)) else {
                continue;
            };
            let classes: Vec<String> = indexes
                .iter()
                .map(|(index, served)| format!("{}: {}, for {served}", index.name, index.class))
                .collect();
            found.push(Finding {
                text: format!(
                    "queries order {} by {operator} ({calls} calls in pg_stat_statements), but no vector index serves this operator \
                     ({}): each of them reads all rows",
                    column.name,
                    classes.join("; ")
                ),
                remedy: create_index(facts, column, measure),
            });
        }
    }
    found
}

/// The job scales vectors to length 1. L2, cosine and inner product then give the same order, and the inner product costs least.
pub fn normalized(facts: &DoctorFacts) -> Vec<Finding> {
    if !facts.job.normalize {
        return Vec::new();
    }
    let product = Measure::InnerProduct.operator();
    let mut found = Vec::new();
    for column in &facts.columns {
        if serving(facts, column).any(|(_, operator)| operator == product) {
            continue;
        }
        for (index, operator) in serving(facts, column) {
            if ![Measure::L2.operator(), Measure::Cosine.operator()].contains(&operator) {
                continue;
            }
            found.push(Finding {
                text: format!(
                    "vector.normalize scales vectors to length 1, where the inner product ({product}) gives the same order as \
                     {operator} and is faster; index {} has {}, which serves {operator} only",
                    index.name, index.class
                ),
                remedy: format!(
                    "{}; DROP INDEX{} {} -- when the queries order by {} {product} …",
                    create_index(facts, column, Measure::InnerProduct),
                    facts.concurrently(),
                    index.quoted,
                    column.quoted()
                ),
            });
        }
    }
    found
}

/// For each column of which no query was seen: what a query must use.
pub fn notes(facts: &DoctorFacts) -> Vec<String> {
    let mut notes = Vec::new();
    for column in &facts.columns {
        if facts.queries.iter().flatten().any(|query| query.column == column.number) {
            continue;
        }
        for (index, operator) in serving(facts, column) {
            let what = index.expression.clone().unwrap_or_else(|| column.quoted());
            notes.push(format!(
                "index {} ({}, {}) serves ORDER BY {what} {operator} … LIMIT …; queries with another operator read all rows",
                index.name, index.method, index.class
            ));
        }
    }
    notes
}
