//! Rows as the host program holds them, and how their values are read.

pub mod original;
mod row;
mod to_value;

pub use row::Row;
pub use to_value::ToValue;
