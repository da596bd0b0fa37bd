//! Resolves a query against its table: names to columns, types to conversions. What comes out needs no further checks.

mod access;
mod call;
mod expression;
mod interval;
mod operator;
mod refuse;
mod select;
mod size;

pub use expression::{NamedExpression, Scope};
pub use select::{OutputColumn, Projection, Relation, plan, plan_view};
pub use size::check as check_size;
