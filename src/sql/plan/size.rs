//! Limits the size of expressions. They grow when the names of views and computed columns are replaced by their
//! expressions.

use crate::error::{Diagnostic, Location};
use crate::sql::expression::Expression;
use crate::sql::parse::error;

/// If each of several views uses a column of the one below twice, the expression is doubled each time.
const MOST_PARTS: usize = 10_000;
/// How deep expressions may be nested, because they are read by recursion. A single query can't reach this depth.
const DEEPEST: usize = 1500;

pub fn check(expression: Expression, at: Location) -> Result<Expression, Diagnostic> {
    let mut parts = 0;
    let mut level = vec![&expression];
    let mut depth = 0;
    while !level.is_empty() {
        parts += level.len();
        depth += 1;
        if parts > MOST_PARTS || depth > DEEPEST {
            let message = format!(
                "the expression is too large with its views and computed columns expanded: more than {MOST_PARTS} parts, or \
                 more than {DEEPEST} levels; shorten it"
            );
            return Err(error(at, message));
        }
        level = level.iter().flat_map(|expression| expression.operands()).collect();
    }
    Ok(expression)
}
