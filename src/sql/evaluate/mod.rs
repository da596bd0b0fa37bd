//! Expressions over the values of a row, as Flink evaluates them.

#[allow(clippy::module_inception)]
pub(crate) mod evaluate;
pub(crate) mod fold;
