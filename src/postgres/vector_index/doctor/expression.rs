//! Indexes that serve only queries with a certain expression or condition.

use super::Finding;
use super::create_index::{create_index, operator_of, usual_measure};
use super::facts::{DoctorFacts, IndexFacts};
use super::queries::plain;

/// The index has an expression over the column, and no other index has the column itself.
pub fn over_expression(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |index: &IndexFacts| {
        let (column, expression) = (facts.column(index)?, index.expression.as_ref()?);
        let by_itself = facts.indexes_of(column).any(|other| other.expression.is_none() && other.valid);
        let seen = facts.queries.iter().flatten().filter(|query| query.column == column.number);
        let used = seen.filter_map(|query| query.expression.as_ref()).any(|seen| plain(seen) == plain(expression));
        let operator = operator_of(&index.class).filter(|_| index.valid && !by_itself && !used)?;
        Some(Finding {
            text: format!(
                "index {} is over {expression}, not over column {}: a query that orders by the column itself doesn't use it",
                index.name, column.name
            ),
            remedy: format!("SELECT … FROM {} ORDER BY {expression} {operator} … LIMIT 10", facts.table.quoted),
        })
    };
    facts.indexes.iter().filter_map(finding).collect()
}

/// The index has only the rows that fulfil a condition, and no other index has all rows.
pub fn partial(facts: &DoctorFacts) -> Vec<Finding> {
    let finding = |index: &IndexFacts| {
        let (column, predicate) = (facts.column(index)?, index.predicate.as_ref()?);
        let whole = facts.indexes_of(column).any(|other| other.predicate.is_none() && other.valid);
        (index.valid && !whole).then(|| Finding {
            text: format!("index {} has only the rows with {predicate}: other queries read all rows", index.name),
            remedy: create_index(facts, column, usual_measure(facts)),
        })
    };
    facts.indexes.iter().filter_map(finding).collect()
}
