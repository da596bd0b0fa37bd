//! Bounds on expressions, which grow when views and computed columns are put in the place of their names.

use crate::error::{Diagnostic, Location};
use crate::sql::expression::Expression;
use crate::sql::parse::error;

/// Views that use a column twice each double it.
const MOST_PARTS: usize = 10_000;
/// Expressions are walked by recursion. One query alone stays below this.
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
