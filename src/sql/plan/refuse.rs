//! Refuses the parts of a query that can't be computed from single rows. Each error has the part's place.

use sqlparser::ast::{Distinct, GroupByExpr, LimitClause, Query, Select, Spanned, TableFactor};

use crate::error::{Diagnostic, Location};
use crate::sql::parse::{error, location};

type SupportCheck = Result<(), Diagnostic>;

/// The place of a part, or `at` if the parser doesn't know the place, for example of a name in single quotes.
pub fn place(start: sqlparser::tokenizer::Location, at: Location) -> Location {
    if start.line == 0 { at } else { location(start) }
}

pub fn unsupported(node: &impl Spanned, at: Location, what: &str) -> Diagnostic {
    error(place(node.span().start, at), format!("not supported: {what}"))
}

/// Refuses the clauses around a SELECT that aren't supported.
pub fn refuse_extras(query: &Query, at: Location) -> SupportCheck {
    if let Some(order_by) = &query.order_by {
        return Err(unsupported(order_by, at, "ORDER BY; rows are written as they come"));
    }
    match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            let place = limit.as_ref().or(offset.as_ref().map(|offset| &offset.value));
            let refused = place.map(|place| unsupported(place, at, "LIMIT and OFFSET"));
            return Err(refused.unwrap_or_else(|| error(at, "not supported: LIMIT and OFFSET")));
        }
        Some(LimitClause::OffsetCommaLimit { limit, .. }) => return Err(unsupported(limit, at, "LIMIT")),
        None => {}
    }
    if let Some(fetch) = &query.fetch {
        let refused = fetch.quantity.as_ref().map(|quantity| unsupported(quantity, at, "FETCH"));
        return Err(refused.unwrap_or_else(|| error(at, "not supported: FETCH")));
    }
    if !query.locks.is_empty() || query.for_clause.is_some() {
        return Err(error(at, "not supported: FOR"));
    }
    Ok(())
}

/// Refuses all clauses of a SELECT except the list, FROM and WHERE.
pub fn refuse_clauses(select: &Select, at: Location) -> SupportCheck {
    let start = location(select.select_token.0.span.start);
    let at = if start.line == 0 { at } else { start };
    match &select.group_by {
        GroupByExpr::Expressions(expressions, _) => {
            if let Some(first) = expressions.first() {
                return Err(unsupported(first, at, "GROUP BY and aggregates; rows are written one by one"));
            }
        }
        GroupByExpr::All(_) => return Err(error(at, "not supported: GROUP BY")),
    }
    if let Some(condition) = &select.having {
        return Err(unsupported(condition, at, "HAVING"));
    }
    if let Some(condition) = &select.qualify {
        return Err(unsupported(condition, at, "QUALIFY"));
    }
    let others = [
        (select.distinct.as_ref().is_some_and(|distinct| *distinct != Distinct::All), "SELECT DISTINCT"),
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "SELECT INTO"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (!select.named_window.is_empty(), "WINDOW"),
        (!select.cluster_by.is_empty() || !select.distribute_by.is_empty() || !select.sort_by.is_empty(), "SORT BY"),
        (!select.connect_by.is_empty(), "CONNECT BY"),
    ];
    match others.iter().find(|(present, _)| *present) {
        Some((_, what)) => Err(error(at, format!("not supported: {what}"))),
        None => Ok(()),
    }
}

/// The name, for errors, of something in FROM that is neither a table nor a plain query.
pub fn relation_name(relation: &TableFactor) -> &'static str {
    match relation {
        TableFactor::Table { version: Some(_), .. } => "FOR SYSTEM_TIME AS OF",
        TableFactor::Table { sample: Some(_), .. } => "TABLESAMPLE",
        TableFactor::Derived { .. } => "LATERAL",
        TableFactor::UNNEST { .. } => "UNNEST",
        TableFactor::TableFunction { .. } => "table functions and windows (TABLE(…))",
        TableFactor::Table { .. } | TableFactor::Function { .. } => "table functions in FROM",
        TableFactor::NestedJoin { .. } => "joins: a query reads from one table",
        TableFactor::MatchRecognize { .. } => "MATCH_RECOGNIZE",
        TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => "PIVOT",
        _ => "this in FROM",
    }
}
