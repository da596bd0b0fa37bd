//! Resolves a query against its table: names to columns, types to conversions. What comes out needs no further checks.

mod conversion;
mod expression;
mod literal;
mod select;

pub use conversion::{Assignment, assign};
pub use select::{Output, Projection, plan, source_table};
