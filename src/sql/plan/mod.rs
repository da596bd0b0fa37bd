//! Resolves a query: its names become columns of the table, and implicit conversions are added. The result needs no further
//! checks.

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
